//! In which language a page is: the one that the address asks for, else the first of the browser's
//! that the pages know, else Swedish.

use crate::report::Language;

/// A page's language, and whether the reader chose it: then links carry it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locale {
    /// The language.
    pub language: Language,
    /// Whether the address asked for it.
    pub is_chosen: bool,
}

impl Locale {
    /// The language of an address's `lang` and of the header `Accept-Language`.
    ///
    /// # Errors
    ///
    /// The language to say it in, when the address asks for one that there is not.
    pub fn of(asked: Option<&str>, accepted: Option<&str>) -> Result<Locale, Locale> {
        let accepted = Locale { language: negotiated(accepted.unwrap_or("")), is_chosen: false };
        match asked {
            None => Ok(accepted),
            Some(asked) => match asked.parse() {
                Ok(language) => Ok(Locale { language, is_chosen: true }),
                Err(_) => Err(accepted),
            },
        }
    }

    /// One of two texts.
    pub fn say<'a>(&self, swedish: &'a str, english: &'a str) -> &'a str {
        self.language.pick(swedish, english)
    }

    /// The address of another page, in the same language.
    pub fn href(&self, path: &str) -> String {
        match self.is_chosen {
            true => format!("{path}?lang={}", self.language.code()),
            false => path.to_owned(),
        }
    }

    /// The same in the other language.
    pub fn other(&self) -> Locale {
        let language = match self.language {
            Language::Swedish => Language::English,
            Language::English => Language::Swedish,
        };
        Locale { language, is_chosen: true }
    }
}

/// The most wanted of the known languages by `Accept-Language` (RFC 9110); Swedish when none is
/// wanted. Of two wanted alike, the first.
fn negotiated(header: &str) -> Language {
    let mut best = (Language::Swedish, 0.0);
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or("").to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |weight| weight.parse::<f64>().ok());
        let language = tag.split('-').next().and_then(|primary| primary.parse().ok());
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
    fn the_browsers_first_known_language_counts() {
        for (header, language) in [
            ("", Language::Swedish),
            ("*", Language::Swedish),
            ("de, fr;q=0.9", Language::Swedish),
            ("en-GB,en;q=0.9", Language::English),
            ("EN", Language::English),
            ("sv-SE, sv;q=0.9, en;q=0.8", Language::Swedish),
            ("sv;q=0.2, en;q=0.8", Language::English),
            ("en;q=0", Language::Swedish),
            ("en;q=oops, sv", Language::Swedish),
            (";;;,,q=1", Language::Swedish),
        ] {
            assert_eq!(negotiated(header), language, "{header}");
        }
    }

    #[test]
    fn the_address_overrules_the_browser_and_is_carried_on() {
        let chosen = Locale::of(Some("sv"), Some("en")).unwrap();
        assert_eq!(chosen.href("/lage"), "/lage?lang=sv");
        assert_eq!(chosen.other().href("/lage"), "/lage?lang=en");
        assert_eq!(Locale::of(None, Some("en")).unwrap().href("/lage"), "/lage");
        assert_eq!(Locale::of(Some("de"), Some("en")).unwrap_err().language, Language::English);
    }
}
