//! Which municipality rings: its size, its departments and their desks, the days it is watched.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use super::calendar::Calendar;
use super::event::Names;

/// Calls to the switchboard on a mean working day at scale 1 (DOMAIN section 6).
pub(super) const CALLS_A_DAY: f64 = 800.0;
/// Share of the switchboard's calls that are passed to a desk by their matter.
pub(super) const TO_A_DESK: f64 = 0.40;
/// Calls dialled straight to a desk, per call to the switchboard.
pub(super) const DIRECT: f64 = 0.06;
/// Share of the day's calls in the busiest half-hour.
const BUSIEST_HALF_HOUR: f64 = 0.09;
/// Mean handling at a desk with ringing and wrap-up, seconds.
const HANDLING_SECONDS: f64 = 295.0;

/// A department (förvaltning) as the simulation knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Department {
    /// The name in events: lowercase ASCII letters, digits and `-`.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// Its share of the calls to desks, in any unit.
    pub weight: f64,
    /// Whether it runs a desk of its own; otherwise the pooled desk takes its calls.
    pub own_desk: bool,
}

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The same seed and parameters give the same bytes.
    pub seed: u64,
    /// The first day, local.
    pub from: Date,
    /// The day after the last, local. Calls under way are followed to their end; callbacks and
    /// questions are no longer heard of from this day on.
    pub to: Date,
    /// 1.0 is Luleå: about 800 calls to the switchboard on a working day.
    pub scale: f64,
    /// Whether records are repeated, late, lost and out of order, and clocks wrong.
    pub faults: bool,
    /// The departments; the first runs the switchboard.
    pub departments: Vec<Department>,
    /// Restarts of a telephone system per week; beyond five some fall on one day.
    pub restarts_per_week: u32,
    /// Local (hour, minute) at which units close on half days; without it as on other days.
    pub half_day_close: Option<(i8, i8)>,
    /// Whether `agent.state` tells of ringing, talking and wrap-up too, or of shifts and pauses
    /// only. The former doubles the events of a desk.
    pub every_agent_state: bool,
    /// Whether e-mail questions arrive as well.
    pub questions: bool,
}

impl Parameters {
    /// Luleå with faults, a restart a week and questions, from `from` up to and without `to`.
    pub fn new(seed: u64, from: Date, to: Date) -> Self {
        Parameters {
            seed,
            from,
            to,
            scale: 1.0,
            faults: true,
            departments: departments(),
            restarts_per_week: 1,
            half_day_close: None,
            every_agent_state: false,
            questions: true,
        }
    }

    /// The queues, each with the slugs of the departments whose calls it takes, the pooled desk
    /// first. Callers of any department may also come to the pooled desk from a desk of its own.
    pub fn queues(&self) -> Vec<(String, Vec<String>)> {
        let mut queues = vec![(POOL_QUEUE.to_owned(), Vec::new())];
        for department in &self.departments {
            if department.own_desk {
                let name = format!("kundtjanst-{}", department.slug);
                queues.push((name, vec![department.slug.clone()]));
            } else {
                queues[usize::from(POOL)].1.push(department.slug.clone());
            }
        }
        queues
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first parameter that cannot be simulated.
    pub fn check(&self) -> Result<(), ParametersError> {
        let fault = |what: String| Err(ParametersError(what));
        if self.from >= self.to {
            return fault(format!("no day between {} and {}", self.from, self.to));
        }
        if self.from.year() < 2001 || self.to.year() > 2199 {
            return fault(format!("days {} to {} are outside 2001 to 2199", self.from, self.to));
        }
        if !(self.scale > 0.0 && self.scale <= 1_000.0) {
            return fault(format!("scale {} is outside 0 to 1000", self.scale));
        }
        if self.departments.is_empty() || self.departments.len() > 1_000 {
            return fault(format!("{} departments; from 1 to 1000 work", self.departments.len()));
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let mut seen = BTreeSet::new();
        for department in &self.departments {
            let slug = &department.slug;
            if slug.is_empty() || !slug.bytes().all(plain) {
                return fault(format!("department \"{slug}\" is not of a-z, 0-9 and -"));
            }
            if slug == "pool" || !seen.insert(slug) {
                return fault(format!("department \"{slug}\" is taken"));
            }
            if !(department.weight >= 0.0 && department.weight.is_finite()) {
                return fault(format!("department \"{slug}\" has weight {}", department.weight));
            }
        }
        if self.departments.iter().map(|department| department.weight).sum::<f64>() <= 0.0 {
            return fault("no department has calls".to_owned());
        }
        if self
            .half_day_close
            .is_some_and(|(hour, minute)| !(8..=16).contains(&hour) || !(0..60).contains(&minute))
        {
            return fault("half days close between 08:00 and 16:59".to_owned());
        }
        Ok(())
    }
}

/// A parameter that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersError(String);

impl fmt::Display for ParametersError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot simulate: {}", self.0)
    }
}

impl std::error::Error for ParametersError {}

/// Twelve departments in the manner of Luleå; the first runs the switchboard.
pub fn departments() -> Vec<Department> {
    let rows: [(&str, &str, f64, bool); 12] = [
        ("kommunledning", "Kommunledningsförvaltningen", 6.0, false),
        ("socialforvaltningen", "Socialförvaltningen", 22.0, true),
        ("barn-och-utbildning", "Barn- och utbildningsförvaltningen", 16.0, true),
        ("stadsbyggnad", "Stadsbyggnadsförvaltningen", 13.0, true),
        ("miljo-och-bygg", "Miljö och bygg", 8.0, true),
        ("arbetsmarknad", "Arbetsmarknadsförvaltningen", 8.0, true),
        ("tekniska", "Tekniska förvaltningen", 10.0, false),
        ("kultur-och-fritid", "Kultur- och fritidsförvaltningen", 7.0, false),
        ("vuxenutbildning", "Vuxenutbildningen", 4.0, false),
        ("raddningstjansten", "Räddningstjänsten", 3.0, false),
        ("turistbyran", "Turistbyrån", 2.0, false),
        ("kulturens-hus", "Kulturens hus", 1.0, false),
    ];
    rows.map(|(slug, name, weight, own_desk)| Department {
        slug: slug.to_owned(),
        name: name.to_owned(),
        weight,
        own_desk,
    })
    .to_vec()
}

/// The pooled desk is the first of the desks.
pub(super) const POOL: u16 = 0;
const POOL_QUEUE: &str = "kundtjanst-pool";

/// The municipality worked out from its parameters.
#[derive(Clone, Debug)]
pub(super) struct Municipality {
    pub(super) parameters: Parameters,
    pub(super) calendar: Calendar,
    pub(super) names: Names,
    /// Per department, the desk that takes its calls.
    pub(super) desk_of: Vec<u16>,
    /// Per desk, how many agents come to work.
    pub(super) agents: Vec<u16>,
    /// Per department, its share of the calls to desks.
    pub(super) share: Vec<f64>,
}

impl Municipality {
    pub(super) fn new(parameters: Parameters) -> Result<Self, ParametersError> {
        parameters.check()?;
        let departments = &parameters.departments;
        let total: f64 = departments.iter().map(|department| department.weight).sum();
        let share: Vec<f64> =
            departments.iter().map(|department| department.weight / total).collect();
        let queues = parameters.queues();
        let mut desk_of = vec![POOL; departments.len()];
        let mut load = vec![0.0; queues.len()];
        let mut own_desks = 1_u16..;
        for ((department, share), desk) in departments.iter().zip(&share).zip(&mut desk_of) {
            if department.own_desk {
                *desk = own_desks.next().expect("at most 1000 departments");
            }
            load[usize::from(*desk)] += share;
        }
        let list = |slugs: &[String]| {
            let quoted: Vec<String> = slugs.iter().map(|slug| format!("\"{slug}\"")).collect();
            format!("[{}]", quoted.join(","))
        };
        let agents = load.iter().map(|share| agents_for(*share, parameters.scale)).collect();
        Ok(Municipality {
            calendar: Calendar::new(parameters.half_day_close),
            names: Names {
                departments: departments.iter().map(|one| one.slug.clone()).collect(),
                numbers: queues.iter().map(|(_, slugs)| list(slugs)).collect(),
                queues: queues.into_iter().map(|(name, _)| name).collect(),
            },
            desk_of,
            agents,
            share,
            parameters,
        })
    }
}

/// Square-root staffing for the busiest half-hour of a mean day: goals nearly met, with Mondays
/// and storms that miss them.
fn agents_for(share: f64, scale: f64) -> u16 {
    let calls = CALLS_A_DAY * scale * (TO_A_DESK + DIRECT) * share;
    let erlang = calls * BUSIEST_HALF_HOUR / 1_800.0 * HANDLING_SECONDS;
    let agents = (erlang + 0.45 * erlang.sqrt()).ceil();
    (agents as u16).clamp(2, 60_000)
}
