//! The service goals and their verdicts. Goals are judged on integers, never on rounded percent.

use super::units::Share;

/// The measures that goals speak of. `SM3w` is the variant of goal 3 among those who had to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goal {
    /// Goal 1: the switchboard answers within three rings (R23).
    Sm1,
    /// Goal 2: customer service answers within five minutes (R24).
    Sm2,
    /// Goal 3: queued calls that are lost (R25).
    Sm3,
    /// Goal 3 among those not answered at once.
    Sm3w,
}

/// What the municipality has set a level for. [`Goal`] says how those on calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoalId {
    /// Goal 1: the switchboard answers within three rings (R23).
    Sm1,
    /// Goal 2: customer service answers within five minutes (R24).
    Sm2,
    /// Goal 3: queued calls that are lost (R25).
    Sm3,
    /// Goal 4: questions by e-mail and e-service answered within two working days (R27).
    Sm4,
    /// Questions settled at the first contact (R28, R29).
    Fcr,
    /// Citizens who are satisfied or very satisfied (R19, R20).
    Satisfaction,
    /// Time with somebody at the number, of the time it is open (R21).
    Staffed,
}

/// Which side of the target is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The share must reach the target.
    AtLeast,
    /// The share must not exceed the target.
    AtMost,
}

/// What a period says about a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to judge: the figure is absent, never 0 % or 100 %.
    NoCalls,
    /// The promise was kept.
    Met,
    /// The promise was not kept.
    Missed,
}

impl GoalId {
    /// Every goal, in the order in which they are told.
    pub const ALL: [GoalId; 7] = [
        GoalId::Sm1,
        GoalId::Sm2,
        GoalId::Sm3,
        GoalId::Sm4,
        GoalId::Fcr,
        GoalId::Satisfaction,
        GoalId::Staffed,
    ];

    /// The id in the goal list and beside every published figure.
    pub fn id(self) -> &'static str {
        match self {
            GoalId::Sm1 => "SM1",
            GoalId::Sm2 => "SM2",
            GoalId::Sm3 => "SM3",
            GoalId::Sm4 => "SM4",
            GoalId::Fcr => "FCR",
            GoalId::Satisfaction => "SATISFACTION",
            GoalId::Staffed => "STAFFED",
        }
    }

    /// The good side of its level.
    pub fn direction(self) -> Direction {
        match self {
            GoalId::Sm3 => Direction::AtMost,
            GoalId::Sm1
            | GoalId::Sm2
            | GoalId::Sm4
            | GoalId::Fcr
            | GoalId::Satisfaction
            | GoalId::Staffed => Direction::AtLeast,
        }
    }

    /// The definition by which it is counted: the goal's id and the version of its definition, which
    /// rises when the same events give another figure than before.
    pub fn definition_id(self) -> &'static str {
        match self {
            GoalId::Sm1 => "SM1.1",
            GoalId::Sm2 => "SM2.1",
            GoalId::Sm3 => "SM3.1",
            GoalId::Sm4 => "SM4.1",
            GoalId::Fcr => "FCR.1",
            GoalId::Satisfaction => "SATISFACTION.1",
            GoalId::Staffed => "STAFFED.1",
        }
    }

    /// The guideline's levels in whole percent, each with the year from which it holds. Goal 4 and
    /// the staffed number are promises to everybody, with no percentage in the guideline.
    pub(super) fn guideline(self) -> &'static [(i32, u8)] {
        match self {
            GoalId::Sm1 | GoalId::Sm2 => &[(2014, 90)],
            GoalId::Sm3 => &[(2014, 10)],
            GoalId::Sm4 | GoalId::Staffed => &[(2014, 100)],
            GoalId::Fcr | GoalId::Satisfaction => &[(2014, 70), (2016, 80)],
        }
    }
}

impl Direction {
    /// Both.
    pub const ALL: [Direction; 2] = [Direction::AtLeast, Direction::AtMost];

    /// The word in settings, labels and documents for machines.
    pub fn word(self) -> &'static str {
        match self {
            Direction::AtLeast => "at_least",
            Direction::AtMost => "at_most",
        }
    }

    /// How many of a share are on the other side.
    pub fn missed(self, share: Share) -> i64 {
        match self {
            Direction::AtLeast => share.of - share.met,
            Direction::AtMost => share.met,
        }
    }
}

impl Goal {
    /// Every goal, in the order of their numbers.
    pub const ALL: [Goal; 4] = [Goal::Sm1, Goal::Sm2, Goal::Sm3, Goal::Sm3w];

    /// The id that every published figure carries.
    pub fn id(self) -> &'static str {
        match self {
            Goal::Sm1 => "SM1",
            Goal::Sm2 => "SM2",
            Goal::Sm3 => "SM3",
            Goal::Sm3w => "SM3w",
        }
    }

    /// Whose level it is held against: the variant of goal 3 has none of its own.
    pub fn goal_id(self) -> GoalId {
        match self {
            Goal::Sm1 => GoalId::Sm1,
            Goal::Sm2 => GoalId::Sm2,
            Goal::Sm3 | Goal::Sm3w => GoalId::Sm3,
        }
    }

    /// The good side of the target.
    pub fn direction(self) -> Direction {
        self.goal_id().direction()
    }

    /// What the share means, for readers of figures.
    pub fn definition(self) -> &'static str {
        match self {
            Goal::Sm1 => {
                "answered by a person within the limit / (offered to the switchboard - outside \
                 hours - closed - short abandons)"
            }
            Goal::Sm2 => {
                "visits answered within the limit of the visit's first entry / (visits - outside \
                 hours - closed - short abandons)"
            }
            Goal::Sm3 => {
                "(abandoned - short abandons) / (everything that entered the desk's queue - short \
                 abandons), in hours"
            }
            Goal::Sm3w => "as SM3, of those not answered at once (wait over 0 s)",
        }
    }

    /// Judges a share against a target in whole percent. Exactly 90 of 100 meets "at least 90 %".
    pub fn judge(self, share: Share, target_percent: u8) -> Verdict {
        judge(self.direction(), share, target_percent)
    }

    /// How many broke the promise: those outside the share for "at least", inside it for "at most".
    pub fn missed(self, share: Share) -> i64 {
        self.direction().missed(share)
    }
}

/// Holds a share against a level in whole percent: whole numbers, never rounded ones.
pub(super) fn judge(direction: Direction, share: Share, percent: u8) -> Verdict {
    if share.of <= 0 {
        return Verdict::NoCalls;
    }
    let (share_side, level_side) = (100 * share.met, i64::from(percent) * share.of);
    let kept = match direction {
        Direction::AtLeast => share_side >= level_side,
        Direction::AtMost => share_side <= level_side,
    };
    if kept { Verdict::Met } else { Verdict::Missed }
}

impl Verdict {
    /// The word in documents for machines.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::NoCalls => "no_calls",
            Verdict::Met => "met",
            Verdict::Missed => "missed",
        }
    }
}

/// The one-sided exact binomial (Clopper–Pearson) lower bound of the miss rate: the smallest rate
/// under which `missed` or more of `of` would happen with probability `alpha`. 0 when nothing was
/// missed, `None` when there is nothing to judge.
pub fn miss_lower_bound(missed: i64, of: i64, alpha: f64) -> Option<f64> {
    use statrs::distribution::{Beta, ContinuousCDF};
    if of <= 0 {
        return None;
    }
    if missed <= 0 {
        return Some(0.0);
    }
    let beta = Beta::new(missed as f64, (of - missed + 1) as f64).ok()?;
    Some(beta.inverse_cdf(alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_ninety_of_a_hundred_meets_ninety_percent() {
        assert_eq!(Goal::Sm1.judge(Share { met: 90, of: 100 }, 90), Verdict::Met);
        assert_eq!(Goal::Sm1.judge(Share { met: 8_999, of: 10_000 }, 90), Verdict::Missed);
        assert_eq!(Goal::Sm1.judge(Share { met: 8_996, of: 10_000 }, 90), Verdict::Missed);
        assert_eq!(Goal::Sm3.judge(Share { met: 10, of: 100 }, 10), Verdict::Met);
        assert_eq!(Goal::Sm3.judge(Share { met: 11, of: 100 }, 10), Verdict::Missed);
        assert_eq!(Goal::Sm2.judge(Share { met: 0, of: 0 }, 90), Verdict::NoCalls);
    }

    #[test]
    fn the_lower_bound_is_the_textbooks() {
        // All missed: the bound is the n-th root of alpha.
        let all = miss_lower_bound(3, 3, 0.01).unwrap();
        assert!((all - 0.01_f64.powf(1.0 / 3.0)).abs() < 1e-9, "{all}");
        // One missed of n: 1 - (1 - alpha)^(1/n).
        let one = miss_lower_bound(1, 2, 0.01).unwrap();
        assert!((one - (1.0 - 0.99_f64.sqrt())).abs() < 1e-9, "{one}");
        assert_eq!(miss_lower_bound(0, 5, 0.01), Some(0.0));
        assert_eq!(miss_lower_bound(0, 0, 0.01), None);
    }
}
