//! In which language a reader is answered.

use crate::report::Language;

/// The most wanted of our languages by `Accept-Language` (RFC 9110). Of two wanted alike the first
/// counts; Swedish when none is wanted, and for `*`.
pub(super) fn negotiated(accepted: &str) -> Language {
    let mut best = (Language::Swedish, 0.0);
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(Some(1.0), |weight| weight.parse::<f64>().ok());
        let language = match tag.split('-').next() {
            Some("sv" | "*") => Some(Language::Swedish),
            Some("en") => Some(Language::English),
            Some(_) | None => None,
        };
        if let (Some(language), Some(weight)) = (language, weight)
            && weight > best.1
        {
            best = (language, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_known_language_counts() {
        for (header, language) in [
            ("", Language::Swedish),
            ("*", Language::Swedish),
            ("de, fr;q=0.9", Language::Swedish),
            ("en-GB,en;q=0.9", Language::English),
            ("EN", Language::English),
            ("de, en;q=0.3", Language::English),
            ("sv-SE, sv;q=0.9, en;q=0.8", Language::Swedish),
            ("sv;q=0.2, en;q=0.8", Language::English),
            ("en ; q=0.5 , sv ; q=0.4", Language::English),
            ("en, sv", Language::English),
            ("en;q=0", Language::Swedish),
            ("en;q=oops, sv", Language::Swedish),
            ("en;q=NaN", Language::Swedish),
            (";;;,,q=1", Language::Swedish),
        ] {
            assert_eq!(negotiated(header), language, "{header}");
        }
    }
}
