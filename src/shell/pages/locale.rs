//! In which language a page is: the one that the address asks for, else the first of the browser's
//! that the pages know, else Swedish.

use crate::report::Language;
use crate::shell::language::negotiated;

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
        let sign = if path.contains('?') { '&' } else { '?' };
        match self.is_chosen {
            true => format!("{path}{sign}lang={}", self.language.code()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_overrules_the_browser_and_is_carried_on() {
        let chosen = Locale::of(Some("sv"), Some("en")).unwrap();
        assert_eq!(chosen.href("/lage"), "/lage?lang=sv");
        assert_eq!(chosen.other().href("/lage"), "/lage?lang=en");
        assert_eq!(
            chosen.href("/publik/2026?department=soc"),
            "/publik/2026?department=soc&lang=sv"
        );
        assert_eq!(Locale::of(None, Some("en")).unwrap().href("/lage"), "/lage");
        assert_eq!(Locale::of(Some("de"), Some("en")).unwrap_err().language, Language::English);
    }
}
