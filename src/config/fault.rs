//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;

/// One fault: where, what was written, why it will not do, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key with its section (`http.listen`), or the environment variable that set it.
    pub key: String,
    /// The value as written in TOML; `…` for what may be a secret, empty when there is none.
    pub value: String,
    /// Why it will not do: lowercase, no final dot.
    pub problem: String,
    /// What to do instead; may be empty.
    pub remedy: String,
}

/// `config: http.widow = "x": unknown key; did you mean "window"?`
impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "config: {}", self.key)?;
        if !self.value.is_empty() {
            write!(out, " = {}", self.value)?;
        }
        write!(out, ": {}", self.problem)?;
        if !self.remedy.is_empty() {
            write!(out, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl Fault {
    pub(super) fn new(
        key: impl Into<String>,
        value: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Fault {
        Fault {
            key: key.into(),
            value: value.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// `did you mean "window"?`, or the list of what there is when nothing is close.
pub fn did_you_mean(written: &str, known: &[&str]) -> String {
    match closest(written, known) {
        Some(close) => format!("did you mean \"{close}\"?"),
        None if known.is_empty() => String::new(),
        None => format!("there are: {}", known.join(", ")),
    }
}

/// The known word that a slip of the fingers may have meant.
pub(super) fn closest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(written, word), *word))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}
