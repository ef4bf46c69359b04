//! Every metric: its name, kind, labels, help and group. The only place where a name is written.
//!
//! `department` is a stable ASCII slug. Figures of the whole municipality are families of their
//! own (`svarstid_all_…`), never a label value beside the parts, so that a sum over the label is
//! never counted twice. No caller, agent, call or free text is ever a label.

/// How a family behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counters by upper bound.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// What a family is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The operators who answer the main number.
    Switchboard,
    /// The queues of customer service.
    Queue,
    /// The moment's state.
    Live,
    /// Goals in force.
    Goals,
    /// Goals in windows of time.
    GoalWindows,
    /// Where the calendar month is heading.
    Month,
    /// Waits in windows of time.
    Percentiles,
    /// Questions by e-mail and e-service.
    Questions,
    /// What became of questions, and what citizens say.
    Quality,
    /// Who is who.
    Identity,
    /// The stream of events.
    Stream,
    /// The ledger in Kafka and this instance's part in it.
    Ledger,
    /// The daemon's own web pages.
    Web,
    /// What the process takes of the machine, by the library's own collector.
    Process,
}

impl Group {
    /// Every group in the order of the catalogue.
    pub const ALL: [Group; 14] = [
        Group::Switchboard,
        Group::Queue,
        Group::Live,
        Group::Goals,
        Group::GoalWindows,
        Group::Month,
        Group::Percentiles,
        Group::Questions,
        Group::Quality,
        Group::Identity,
        Group::Stream,
        Group::Ledger,
        Group::Web,
        Group::Process,
    ];

    /// The heading in the catalogue for readers.
    pub fn heading(self) -> &'static str {
        match self {
            Group::Switchboard => "Switchboard",
            Group::Queue => "Queues",
            Group::Live => "The moment",
            Group::Goals => "Goals",
            Group::GoalWindows => "Goals in windows",
            Group::Month => "The month ahead",
            Group::Percentiles => "Waits in windows",
            Group::Questions => "Questions by e-mail and e-service",
            Group::Quality => "Quality",
            Group::Identity => "Identity",
            Group::Stream => "Stream",
            Group::Ledger => "Ledger",
            Group::Web => "Web",
            Group::Process => "Process",
        }
    }
}

/// One family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The full name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The labels of each series, in order.
    pub labels: &'static [&'static str],
    /// One sentence for readers.
    pub help: &'static str,
    /// What it is about.
    pub group: Group,
}

impl Family {
    /// Whether it tells of the service, and not of the program that tells it.
    pub fn is_of_service(&self) -> bool {
        let is_of_program =
            matches!(self.group, Group::Stream | Group::Ledger | Group::Web | Group::Process);
        !is_of_program && self.name != BUILD_INFO.name
    }

    /// The unit that the name ends in.
    pub fn unit(&self) -> &'static str {
        let stem = self.name.strip_suffix("_total").unwrap_or(self.name);
        match stem.rsplit('_').next() {
            Some("seconds")
                if stem.ends_with("_timestamp_seconds")
                    || stem.ends_with("_start_time_seconds") =>
            {
                "seconds since 1970"
            }
            Some("seconds") => "seconds",
            Some("ratio") => "0 to 1",
            Some("bytes") => "bytes",
            Some("info") => "always 1",
            Some("open") if stem.ends_with("_questions_open") => "count",
            Some("open" | "staffed" | "up") => "0 or 1",
            _ => "count",
        }
    }
}

macro_rules! catalogue {
    ($($group:ident {
        $($id:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)*
    })*) => {
        $($(
            #[doc = $help]
            pub const $id: Family = Family {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
                group: Group::$group,
            };
        )*)*

        /// Every family, group by group.
        pub const CATALOGUE: &[Family] = &[$($($id,)*)*];
    };
}

catalogue! {
    Switchboard {
        SWITCHBOARD_OFFERED: Counter "svarstid_switchboard_calls_offered_total" ["department"]
            "Calls offered to the switchboard.";
        SWITCHBOARD_ANSWERED: Counter "svarstid_switchboard_calls_answered_total" ["department"]
            "Calls that a person at the switchboard answered.";
        SWITCHBOARD_WITHIN: Counter "svarstid_switchboard_calls_answered_within_target_total"
            ["department"] "Calls answered at the switchboard in hours within the limit of goal 1.";
        SWITCHBOARD_ABANDONED: Counter "svarstid_switchboard_calls_abandoned_total" ["department"]
            "Callers who hung up before the switchboard answered, short abandons included.";
        SWITCHBOARD_SHORT: Counter "svarstid_switchboard_calls_short_abandoned_total"
            ["department"]
            "Callers who hung up at the switchboard within the limit for short abandons.";
        SWITCHBOARD_ANSWER: Histogram "svarstid_switchboard_answer_seconds" ["department"]
            "Wait until a person's answer at the switchboard; absent of units without calls there.";
    }
    Queue {
        QUEUE_OFFERED: Counter "svarstid_queue_calls_offered_total" ["department"]
            "Stays that reached a queue, those turned away included.";
        QUEUE_ANSWERED: Counter "svarstid_queue_calls_answered_total" ["department"]
            "Stays in queues that a person answered.";
        QUEUE_WITHIN: Counter "svarstid_queue_calls_answered_within_target_total" ["department"]
            "Visits answered in hours within the limit of goal 2, from the visit's first entry.";
        QUEUE_ABANDONED: Counter "svarstid_queue_calls_abandoned_total" ["department"]
            "Callers who hung up while waiting in a queue, short abandons included.";
        QUEUE_SHORT: Counter "svarstid_queue_calls_short_abandoned_total" ["department"]
            "Callers who hung up in a queue within the limit for short abandons.";
        QUEUE_LEFT: Counter "svarstid_queue_calls_left_total" ["department", "disposition"]
            "Stays that ended neither in an answer nor in a hang-up, by what ended them.";
        QUEUE_ANSWER_WAIT: Histogram "svarstid_queue_answer_wait_seconds" ["department"]
            "Wait in a queue until a person's answer; answered stays.";
        QUEUE_ABANDON_WAIT: Histogram "svarstid_queue_abandon_wait_seconds" ["department"]
            "Wait in a queue until the caller hung up; abandoned stays.";
    }
    Live {
        WAITING: Gauge "svarstid_queue_calls_waiting" ["department"]
            "Callers waiting in queues now.";
        WAITING_OVER: Gauge "svarstid_queue_calls_waiting_over_target" ["department"]
            "Visits waiting now past the limit of goal 2.";
        LONGEST_WAIT: Gauge "svarstid_queue_longest_wait_seconds" ["department"]
            "Wait so far of the caller who has waited longest; 0 when nobody waits.";
        AGENTS_LOGGED_IN: Gauge "svarstid_agents_logged_in" ["department"]
            "Agents logged in now, paused ones included.";
        AGENTS: Gauge "svarstid_agents" ["department", "state"]
            "Agents by state; absent while fewer than three are logged in, to protect them.";
        DEPARTMENT_OPEN: Gauge "svarstid_department_open" ["department"]
            "Whether the department's telephone is open now (1) or not (0).";
        SWITCHBOARD_OPEN: Gauge "svarstid_switchboard_open" ["department"]
            "Whether the main number is open now (1), of the unit that runs the switchboard.";
        DEPARTMENT_STAFFED: Gauge "svarstid_department_staffed" ["department"]
            "Whether an agent is logged in and not paused (1); absent where none was heard of.";
        UNSTAFFED_SECONDS: Counter "svarstid_department_unstaffed_open_seconds_total" ["department"]
            "Time in which the number had to be staffed and nobody was; absent where none was heard of.";
        WITHOUT_DATA: Gauge "svarstid_today_without_data_seconds" []
            "The switchboard's open time today in which no source was heard of for too long.";
        ALL_WAITING: Gauge "svarstid_all_queue_calls_waiting" []
            "Callers waiting in queues now, whole municipality.";
        ALL_WAITING_OVER: Gauge "svarstid_all_queue_calls_waiting_over_target" []
            "Visits waiting now past the limit of goal 2, whole municipality.";
        ALL_LONGEST_WAIT: Gauge "svarstid_all_queue_longest_wait_seconds" []
            "Wait so far of the caller who has waited longest, whole municipality; 0 without any.";
        ALL_AGENTS_LOGGED_IN: Gauge "svarstid_all_agents_logged_in" []
            "Agents logged in now, each counted once, whole municipality.";
        ALL_AGENTS: Gauge "svarstid_all_agents" ["state"]
            "Agents by state; absent where it would give away the state of one or two of them.";
    }
    Goals {
        GOAL_INFO: Gauge "svarstid_goal_info" ["goal", "direction"]
            "Goals in force and their good side: at_least or at_most.";
        GOAL_TARGET: Gauge "svarstid_goal_target_ratio" ["goal"]
            "The level that the share is held against.";
        GOAL_THRESHOLD: Gauge "svarstid_goal_threshold_seconds" ["goal"]
            "The wait that the goal allows; absent for goals without one.";
    }
    GoalWindows {
        WINDOW_RATIO: Gauge "svarstid_goal_window_ratio" ["goal", "department", "window"]
            "The goal's share in the window; absent without calls.";
        WINDOW_ELIGIBLE: Gauge "svarstid_goal_window_eligible_events"
            ["goal", "department", "window"] "What the share is counted over.";
        WINDOW_MISSED: Gauge "svarstid_goal_window_missed_events" ["goal", "department", "window"]
            "How many broke the promise, calls now waiting past their limit included.";
        WINDOW_BOUND: Gauge "svarstid_goal_window_miss_lower_bound_ratio"
            ["goal", "department", "window"]
            "Exact lower bound of the miss rate: error 0.005 % (15m, 1h), 0.03 % (today), 0.2 % (5d).";
        WINDOW_OPEN: Gauge "svarstid_goal_window_open_seconds" ["department", "window"]
            "How long the unit has been open within the window so far.";
        WINDOW_EXPECTED: Gauge "svarstid_goal_window_expected_events"
            ["goal", "department", "window"]
            "Calls to expect: mean of the same hours of the last four weeks; absent without them.";
        ALL_WINDOW_RATIO: Gauge "svarstid_all_goal_window_ratio" ["goal", "window"]
            "The goal's share in the window, whole municipality; absent without calls.";
        ALL_WINDOW_ELIGIBLE: Gauge "svarstid_all_goal_window_eligible_events" ["goal", "window"]
            "What the share is counted over, whole municipality.";
        ALL_WINDOW_MISSED: Gauge "svarstid_all_goal_window_missed_events" ["goal", "window"]
            "How many broke the promise, whole municipality.";
        ALL_WINDOW_BOUND: Gauge "svarstid_all_goal_window_miss_lower_bound_ratio"
            ["goal", "window"]
            "Exact binomial lower bound of the miss rate, whole municipality.";
        ALL_WINDOW_OPEN: Gauge "svarstid_all_goal_window_open_seconds" ["window"]
            "How long the municipality has been open within the window so far.";
        ALL_WINDOW_EXPECTED: Gauge "svarstid_all_goal_window_expected_events" ["goal", "window"]
            "Calls to expect, whole municipality; absent without history.";
    }
    Month {
        MONTH_OPEN: Gauge "svarstid_goal_month_open_ratio" ["department"]
            "Share of the calendar month's open time that has passed.";
        MONTH_BUDGET: Gauge "svarstid_goal_month_budget_events" ["goal", "department"]
            "Misses that the month can bear, calls going on at the pace so far.";
        MONTH_REMAINING: Gauge "svarstid_goal_month_budget_remaining_ratio" ["goal", "department"]
            "Part of those misses that is left; below 0 when more are spent; absent without calls.";
        MONTH_PROJECTED: Gauge "svarstid_goal_month_projected_ratio" ["goal", "department"]
            "The month's share if the rest goes as the last five open days; absent without calls.";
        ALL_MONTH_OPEN: Gauge "svarstid_all_goal_month_open_ratio" []
            "Share of the calendar month's open time that has passed, whole municipality.";
        ALL_MONTH_BUDGET: Gauge "svarstid_all_goal_month_budget_events" ["goal"]
            "Misses that the month can bear at the pace so far, whole municipality.";
        ALL_MONTH_REMAINING: Gauge "svarstid_all_goal_month_budget_remaining_ratio" ["goal"]
            "Part of those misses that is left, whole municipality.";
        ALL_MONTH_PROJECTED: Gauge "svarstid_all_goal_month_projected_ratio" ["goal"]
            "The month's share if the rest goes as the last five open days, whole municipality.";
    }
    Percentiles {
        QUEUE_WAIT: Gauge "svarstid_queue_wait_window_seconds"
            ["department", "window", "percentile"]
            "Percentile of the waits in queues that ended by an answer or a hang-up.";
        SWITCHBOARD_WAIT: Gauge "svarstid_switchboard_answer_window_seconds"
            ["department", "window", "percentile"]
            "Percentile of the waits for the switchboard's answer.";
        ALL_QUEUE_WAIT: Gauge "svarstid_all_queue_wait_window_seconds" ["window", "percentile"]
            "Percentile of the waits in queues, from the merged histograms of all departments.";
        ALL_SWITCHBOARD_WAIT: Gauge "svarstid_all_switchboard_answer_window_seconds"
            ["window", "percentile"]
            "Percentile of the waits for the switchboard's answer, from merged histograms.";
    }
    Questions {
        QUESTIONS_RECEIVED: Counter "svarstid_questions_received_total" ["department", "channel"]
            "Questions received by e-mail and e-service.";
        QUESTIONS_ANSWERED: Counter "svarstid_questions_answered_total" ["department", "channel"]
            "Questions that a person has replied to; automatic receipts do not count.";
        QUESTIONS_WITHIN: Counter "svarstid_questions_answered_within_target_total"
            ["department", "channel"]
            "Questions whose first human reply came within two working days (goal 4).";
        QUESTIONS_OPEN: Gauge "svarstid_questions_open" ["department", "channel"]
            "Questions without a human reply now.";
        QUESTIONS_OVERDUE: Gauge "svarstid_questions_overdue" ["department", "channel"]
            "Of them, those past their last moment.";
        QUESTIONS_NEXT: Gauge "svarstid_questions_next_deadline_timestamp_seconds"
            ["department", "channel"]
            "The earliest last moment to answer an open question in time; absent without one.";
        QUESTION_ANSWER: Histogram "svarstid_question_answer_working_seconds" ["department"]
            "Working time (8 h a working day) from receipt to the first human reply.";
    }
    Quality {
        FIRST_CONTACT_CLASSIFIED: Counter "svarstid_first_contact_questions_classified_total"
            ["department"] "Questions on any channel of which it is known where they were settled, each once.";
        FIRST_CONTACT_RESOLVED: Counter "svarstid_first_contact_questions_resolved_total"
            ["department"] "Of them, those settled where they came in, without being passed on.";
        CALLBACKS_PROMISED: Counter "svarstid_callbacks_promised_total" ["department"]
            "Promises to ring back; absent for a department that never gave one.";
        CALLBACKS_KEPT: Counter "svarstid_callbacks_kept_total" ["department"]
            "Of them, those kept: a person spoke with the caller.";
        CALLBACKS_WITHIN: Counter "svarstid_callbacks_kept_within_target_total" ["department"]
            "Of them, those kept within two working days.";
        CALLBACKS_OPEN: Gauge "svarstid_callbacks_open" ["department"]
            "Promises to ring back neither kept nor given up now.";
        CALLBACKS_OVERDUE: Gauge "svarstid_callbacks_overdue" ["department"]
            "Of them, those past their last moment.";
        KNOWN_CALLERS: Counter "svarstid_known_caller_contacts_total" []
            "Calls, each with all its transfers, of callers whose number was shown.";
        REPEATS: Counter "svarstid_repeat_contacts_total" []
            "Of them, those of a caller who had rung within the 24 hours before.";
        SURVEY_SATISFIED: Gauge "svarstid_survey_satisfied_ratio" ["department", "measure"]
            "Share satisfied in the latest survey of the department; absent before one.";
        SURVEY_RESPONSES: Gauge "svarstid_survey_responses" ["department", "measure"]
            "Answers behind that share.";
        ALL_SURVEY_SATISFIED: Gauge "svarstid_all_survey_satisfied_ratio" ["measure"]
            "Share satisfied in the latest survey of the whole municipality; absent before one.";
        ALL_SURVEY_RESPONSES: Gauge "svarstid_all_survey_responses" ["measure"]
            "Answers behind that share, whole municipality.";
    }
    Identity {
        DEPARTMENT_INFO: Gauge "svarstid_department_info" ["department", "name"]
            "The department's name for people.";
        BUILD_INFO: Gauge "svarstid_build_info" ["version", "revision", "rustc"]
            "What is running.";
    }
    Stream {
        CONSUMED: Counter "svarstid_events_consumed_total" ["topic", "partition"]
            "Records read.";
        APPLIED: Counter "svarstid_events_applied_total" ["topic", "partition"]
            "Events that changed or confirmed a contact, an agent or a source.";
        CORRECTIONS: Counter "svarstid_corrections_total" ["topic", "partition"]
            "Commits in which some net count went down.";
        LATE: Counter "svarstid_events_late_total" ["topic", "partition"]
            "Events older than the watermark less the lateness: not applied.";
        REPEATED: Counter "svarstid_events_repeated_total" ["topic", "partition"]
            "Events that had been seen before.";
        SET_ASIDE: Counter "svarstid_events_set_aside_total" ["topic", "partition"]
            "Events of known kinds that no figure is made from.";
        LAG: Gauge "svarstid_consumer_lag_messages" ["topic", "partition"]
            "Records behind the end of the partition; absent before it is known.";
        LAST_EVENT: Gauge "svarstid_last_event_timestamp_seconds" ["topic", "partition"]
            "The largest event time applied; absent before the first.";
        WATERMARK: Gauge "svarstid_watermark_timestamp_seconds" ["topic", "partition"]
            "The event time that three contacts have reached; absent before that.";
        REJECTED: Counter "svarstid_events_rejected_total" ["reason"]
            "Records that could not be read, by reason.";
        ANOMALIES: Counter "svarstid_anomalies_total" ["kind"]
            "Events that were read but did not fit, by kind.";
        ASSIGNED: Gauge "svarstid_assigned_partitions" []
            "Partitions read here.";
        REBALANCES: Counter "svarstid_rebalances_total" []
            "Times that partitions changed hands.";
        APPLY: Histogram "svarstid_event_apply_seconds" []
            "Time to commit and fold one event, decoding left out; the mean of its batch.";
        HELD_CONTACTS: Gauge "svarstid_held_contacts" []
            "Contacts held because they may still change.";
        HELD_BYTES: Gauge "svarstid_held_bytes" []
            "Memory that the held contacts take.";
        CAUGHT_UP: Gauge "svarstid_caught_up" []
            "Whether the ledger is folded to its end (1); until then only these families show.";
        READER_CLOCK: Gauge "svarstid_reader_clock_timestamp_seconds" []
            "The clock at which windows end.";
    }
    Ledger {
        INCIDENTS: Counter "svarstid_incidents_total" ["kind"]
            "What should not have happened, as the ledger tells it.";
        LEDGER_COMMITS: Counter "svarstid_ledger_records_total" ["partition"]
            "Records of the chain that count.";
        LEDGER_EPOCH: Gauge "svarstid_ledger_epoch" ["partition"]
            "How many times the partition was taken over.";
        LEDGER_OWNED: Gauge "svarstid_ledger_owned" ["partition"]
            "Whether this instance writes the partition's chain (1).";
        LEDGER_FAILURES: Counter "svarstid_ledger_append_failures_total" ["partition"]
            "Appends that failed or whose outcome is unknown; the same bytes are sent again.";
        LEDGER_READ: Counter "svarstid_ledger_read_total" ["verdict"]
            "Records read by this process, by what they are to the chain.";
        LEDGER_EVENTS: Counter "svarstid_ledger_protocol_total" ["what"]
            "What this process did to keep the chains: took over, dropped, sent again, stalled.";
        LEDGER_BYTES: Counter "svarstid_ledger_committed_bytes_total" []
            "Bytes of this process's commits that count, before compression.";
        LEDGER_SECONDS: Histogram "svarstid_ledger_commit_seconds" []
            "From appending a commit to reading it back.";
        LEDGER_STALE: Gauge "svarstid_ledger_stale" []
            "Whether nothing was heard of the ledger for 10 s (1); then no figures show.";
        LEDGER_HALTED: Gauge "svarstid_ledger_halted" []
            "Whether nothing goes on (1), since there is a snapshot and no ledger; /-/ready tells.";
        LEDGER_MIN_INSYNC: Gauge "svarstid_ledger_min_insync_replicas" []
            "Replicas that have a record before it counts; absent when the brokers do not tell.";
        INPUT_GAPS: Counter "svarstid_input_gaps_total" []
            "Times that offsets were missing in an input: markers of transactions, or deleted.";
        SNAPSHOT_TIME: Gauge "svarstid_snapshot_last_success_timestamp_seconds" []
            "When the snapshot file was last written; absent before that.";
        SNAPSHOT_BYTES: Gauge "svarstid_snapshot_size_bytes" []
            "Size of the snapshot file.";
        SNAPSHOT_PAUSE: Gauge "svarstid_snapshot_pause_seconds" []
            "How long the fold stood still for the last snapshot.";
        SNAPSHOT_FAILURES: Counter "svarstid_snapshot_failures_total" []
            "Times that the snapshot file could not be written.";
        SNAPSHOT_ASIDE: Counter "svarstid_snapshot_set_aside_total" []
            "Times that a snapshot file could not be used and was set aside.";
        REPORT_SUCCESS: Gauge "svarstid_report_last_success_timestamp_seconds" ["period"]
            "When an edition of this kind of period was last written here; absent before that.";
        REPORT_AWAITED: Gauge "svarstid_report_awaited_since_timestamp_seconds" ["period"]
            "Since when the earliest edition of this kind is awaited; absent when none is.";
        REPORT_FAILURES: Counter "svarstid_report_failures_total" []
            "Times that an edition could not be written, or had other bytes than the one there.";
    }
    Web {
        HTTP_REQUESTS: Counter "svarstid_http_requests_total" ["handler", "code"]
            "Requests answered, by route and status.";
        HTTP_PASSWORD_CHECKS: Counter "svarstid_http_password_checks_total" ["outcome"]
            "Passwords that were checked against their hash: accepted, refused, or busy when too many waited.";
        HTTP_HANDSHAKE_FAILURES: Counter "svarstid_http_handshake_failures_total" []
            "Connections that did not get through the TLS handshake.";
        HTTP_WEB_CONFIG_FAILURES: Counter "svarstid_http_web_config_failures_total" []
            "Changes of the web-config or its certificates that could not be taken over.";
        LIVE_CLIENTS: Gauge "svarstid_live_clients" []
            "Readers of the live stream.";
    }
    Process {
        PROCESS_CPU: Counter "process_cpu_seconds_total" []
            "Total user and system CPU time spent in seconds.";
        PROCESS_OPEN_FDS: Gauge "process_open_fds" [] "Number of open file descriptors.";
        PROCESS_MAX_FDS: Gauge "process_max_fds" []
            "Maximum number of open file descriptors.";
        PROCESS_VIRTUAL: Gauge "process_virtual_memory_bytes" []
            "Virtual memory size in bytes.";
        PROCESS_RESIDENT: Gauge "process_resident_memory_bytes" []
            "Resident memory size in bytes.";
        PROCESS_START: Gauge "process_start_time_seconds" []
            "Start time of the process since unix epoch in seconds.";
        PROCESS_THREADS: Gauge "process_threads" [] "Number of OS threads in the process.";
    }
}
