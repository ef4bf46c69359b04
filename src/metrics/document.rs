//! The catalogue as a document for readers (`METRICS.md`).

use super::names::{CATALOGUE, Group};

/// The text of `METRICS.md`; a test holds the file to it.
pub fn document() -> String {
    let mut text = String::from(INTRODUCTION);
    for group in Group::ALL {
        text.push_str(&format!(
            "\n## {}\n\n| Name | Kind | Unit | Labels | Meaning |\n|---|---|---|---|---|\n",
            group.heading()
        ));
        for family in CATALOGUE.iter().filter(|f| f.group == group) {
            let labels: Vec<String> = family.labels.iter().map(|l| format!("`{l}`")).collect();
            text.push_str(&format!(
                "| `{}` | {} | {} | {} | {} |\n",
                family.name,
                family.kind.word(),
                family.unit(),
                labels.join(", "),
                family.help
            ));
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Metrics

What `/metrics` exports. This file is made from the catalogue in `src/metrics/names.rs`;
`SVARSTID_UPDATE_GOLDEN=1 cargo test` writes it again.

- `department` is a stable ASCII slug; its Swedish name is the `name` of
  `svarstid_department_info`. Figures of the whole municipality are families of their own
  (`svarstid_all_…`), never one more department, so a sum over departments is right.
- A ratio without calls is absent, never 0 or 1. Counters of every known department start at 0
  and never shrink; a correction that lowers a count shows in `svarstid_corrections_total`.
- Until the ledger is folded to its end, and while nothing is heard of it (`svarstid_caught_up` is
  0), only what the program tells of itself is exported: of the groups Stream, Ledger, Web and Process
  what no chain counts, and `svarstid_build_info`.
- Fewer than three agents logged in: `svarstid_agents_logged_in` says how many, and
  `svarstid_agents` says nothing of their states. The states of the whole municipality are also
  held back where subtracting the departments would leave one or two.
- `svarstid_department_staffed` speaks of a number, not of people: it is told however few they are.
- `goal` is `SM1` (switchboard, three rings), `SM2` (customer service, five minutes), `SM3` (lost
  calls) or `SM3w` (lost, of those who had to wait). `window` is `15m`, `1h`, `today`, `5d` (the
  last five open days), `week` or `month`. `percentile` is `50`, `90`, `95`, `99` or `max`.
- Every instance exports the same figures: use `max without (instance)` for gauges and
  `max without (instance) (rate(…))` for counters. Monthly figures come from the windows, never
  from `increase()`, which extrapolates.
";
