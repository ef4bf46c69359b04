//! Where a goal's calendar month is heading: what it can still bear, and the share that it would
//! end at.
//!
//! A forecast for alerts and boards, never a published figure: reports count what happened.

use super::goal::{Direction, Goal};
use super::snapshot::{GoalView, Window, WindowView};
use super::units::{Millis, Share};

/// How far a unit's calendar month has come, and where its goals are heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthOutlook {
    /// The share of the month's open time that has passed; `None` when the unit never opens.
    pub open_ratio: Option<f64>,
    /// In the order of [`Goal::ALL`]; `None` without calls, or without a level to be held against.
    pub goals: [Option<GoalOutlook>; Goal::ALL.len()],
}

/// One goal's month. The month's calls are taken to go on at the pace so far: calls so far, times
/// the month's open time over the open time so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalOutlook {
    /// How many of the month's calls may miss the goal and the level still be reached.
    pub budget_events: f64,
    /// The part of the budget that is left, 1 at first, below 0 when more is spent than there was;
    /// `None` for a level that forgives nothing.
    pub budget_remaining_ratio: Option<f64>,
    /// The month's share if its remaining open time goes as the last five open days went (0 to 1).
    pub projected_ratio: f64,
}

/// The outlook of a unit's month, whose whole open time is `month_open`, from its windows.
pub fn outlook(
    windows: &[WindowView; Window::ALL.len()],
    month_open: Millis,
    goals: &[GoalView],
) -> MonthOutlook {
    let [month, recent] = [Window::Month, Window::FiveDays].map(|w| &windows[w as usize]);
    if month_open.0 <= 0 {
        return MonthOutlook::default();
    }
    let passed = month.open.0 as f64 / month_open.0 as f64;
    let mut outlook = MonthOutlook { open_ratio: Some(passed), ..MonthOutlook::default() };
    for view in goals {
        let [so_far, recent] = [month, recent].map(|w| w.goals[view.goal as usize].share);
        outlook.goals[view.goal as usize] = goal_outlook(view, so_far, recent, passed);
    }
    outlook
}

fn goal_outlook(view: &GoalView, so_far: Share, recent: Share, passed: f64) -> Option<GoalOutlook> {
    if so_far.of <= 0 || passed <= 0.0 {
        return None;
    }
    let missed = view.goal.missed(so_far) as f64;
    let calls = so_far.of as f64 / passed;
    let budget_events = calls * f64::from(view.budget_percent()) / 100.0;
    let recent = if recent.of > 0 { recent } else { so_far };
    let miss_rate = view.goal.missed(recent) as f64 / recent.of as f64;
    let missed_at_end = missed + (calls - so_far.of as f64) * miss_rate;
    let missed_ratio = missed_at_end / calls;
    Some(GoalOutlook {
        budget_events,
        budget_remaining_ratio: (budget_events > 0.0).then(|| 1.0 - missed / budget_events),
        projected_ratio: match view.direction {
            Direction::AtLeast => 1.0 - missed_ratio,
            Direction::AtMost => missed_ratio,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(goal: Goal, target_percent: u8) -> GoalView {
        GoalView { goal, direction: goal.direction(), target_percent, limit: None }
    }

    /// 300 calls in a quarter of the month: 1 200 calls are to come in all.
    fn quarter(goal: Goal, target_percent: u8, met: i64, recent: Share) -> GoalOutlook {
        let so_far = Share { met, of: 300 };
        goal_outlook(&view(goal, target_percent), so_far, recent, 0.25).unwrap()
    }

    #[test]
    fn a_month_bears_a_tenth_of_the_calls_it_will_have() {
        // 30 of the 120 misses are spent, and as many again in each quarter to come.
        let even = quarter(Goal::Sm2, 90, 270, Share { met: 90, of: 100 });
        assert_eq!(even.budget_events, 120.0);
        assert_eq!(even.budget_remaining_ratio, Some(0.75));
        assert!((even.projected_ratio - 0.9).abs() < 1e-12);
    }

    #[test]
    fn the_last_days_tell_where_it_ends() {
        let worse = quarter(Goal::Sm2, 90, 270, Share { met: 50, of: 100 });
        assert!((worse.projected_ratio - (0.25 * 0.9 + 0.75 * 0.5)).abs() < 1e-12);
        // No calls lately: as the month so far.
        let silent = quarter(Goal::Sm2, 90, 270, Share::default());
        assert!((silent.projected_ratio - 0.9).abs() < 1e-12);
    }

    #[test]
    fn a_goal_of_at_most_counts_what_was_lost() {
        let lost = quarter(Goal::Sm3, 10, 150, Share { met: 10, of: 100 });
        assert_eq!(lost.budget_events, 120.0);
        assert_eq!(lost.budget_remaining_ratio, Some(-0.25));
        assert!((lost.projected_ratio - (0.25 * 0.5 + 0.75 * 0.1)).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_foretold_without_calls_or_open_time() {
        let goal = view(Goal::Sm1, 90);
        assert_eq!(goal_outlook(&goal, Share::default(), Share::default(), 0.5), None);
        assert_eq!(goal_outlook(&goal, Share { met: 1, of: 1 }, Share::default(), 0.0), None);
        assert_eq!(quarter(Goal::Sm1, 100, 300, Share::default()).budget_remaining_ratio, None);
        let windows = Default::default();
        assert_eq!(outlook(&windows, Millis(0), &[goal]), MonthOutlook::default());
    }
}
