//! What an agent is set to: three statuses, the third with a reason. Pure.
//!
//! The vendor spells reasons in two ways, as it takes them (`out_for_lunch`) and as it shows them (`Out for lunch`), and says
//! `always_opened` where its reference says `always_open` (fact sheet §2: recorded). Here each has one spelling, the one that is written.

/// What the agent, or a program, has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    Available,
    /// By working hours and time zone: the schedule decides.
    Custom,
    Unavailable,
}

impl Availability {
    pub(crate) const ALL: [Self; 3] = [Self::Available, Self::Custom, Self::Unavailable];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Custom => "custom",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Custom => "Automatic schedule",
            Self::Unavailable => "Unavailable",
        }
    }

    /// `None` for a word that the vendor has not told of.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match snake(word).as_str() {
            "available" => Some(Self::Available),
            "unavailable" => Some(Self::Unavailable),
            // The last two stand in public clients (fact sheet §12).
            "custom" | "according_to_schedule" | "automatic_schedule" => Some(Self::Custom),
            _ => None,
        }
    }
}

/// Why an agent is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    OutForLunch,
    OnABreak,
    InTraining,
    DoingBackOffice,
    Other,
}

impl Reason {
    pub(crate) const ALL: [Self; 5] = [Self::OutForLunch, Self::OnABreak, Self::InTraining, Self::DoingBackOffice, Self::Other];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OutForLunch => "out_for_lunch",
            Self::OnABreak => "on_a_break",
            Self::InTraining => "in_training",
            Self::DoingBackOffice => "doing_back_office",
            Self::Other => "other",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::OutForLunch => "Out for lunch",
            Self::OnABreak => "On a break",
            Self::InTraining => "In training",
            Self::DoingBackOffice => "Back office",
            Self::Other => "Other",
        }
    }

    /// The reason in one of its spellings.
    pub(crate) fn exactly(word: &str) -> Option<Self> {
        match snake(word).as_str() {
            "out_for_lunch" => Some(Self::OutForLunch),
            "on_a_break" | "on_break" | "break" => Some(Self::OnABreak),
            // The vendor's own event bus has a slip of the pen (fact sheet §12).
            "in_training" | "in_traning" => Some(Self::InTraining),
            "doing_back_office" | "back_office" => Some(Self::DoingBackOffice),
            "other" => Some(Self::Other),
            _ => None,
        }
    }

    /// A substatus as the vendor sends it: none where it only repeats the status, *other* where it is a reason that we do not know.
    pub(crate) fn read(word: &str) -> Option<Self> {
        let plain = snake(word);
        let repeats = ["", "always_open", "always_opened", "always_close", "always_closed", "unavailable", "available", "custom"];
        if repeats.contains(&plain.as_str()) { None } else { Some(Self::exactly(&plain).unwrap_or(Self::Other)) }
    }
}

/// Both together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) availability: Availability,
    /// Only where the agent is unavailable.
    pub(crate) reason: Option<Reason>,
}

impl Status {
    pub(crate) fn new(availability: Availability, reason: Option<Reason>) -> Self {
        Self { availability, reason: reason.filter(|_| availability == Availability::Unavailable) }
    }

    /// One word for both: the reason, where there is one.
    pub(crate) fn word(self) -> &'static str {
        self.reason.map_or_else(|| self.availability.word(), Reason::word)
    }

    /// The reverse of [`Status::word`].
    pub(crate) fn read(word: &str) -> Option<Self> {
        let plain = || Availability::read(word).map(|availability| Self::new(availability, None));
        let reason = || Reason::exactly(word).map(|reason| Self::new(Availability::Unavailable, Some(reason)));
        plain().or_else(reason)
    }
}

/// Lower case, blanks and hyphens as underscores.
fn snake(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_word_and_finds_back() {
        let plain = Availability::ALL.map(|availability| Status::new(availability, None));
        let reasons = Reason::ALL.map(|reason| Status::new(Availability::Unavailable, Some(reason)));
        for status in plain.into_iter().chain(reasons) {
            assert_eq!(Status::read(status.word()), Some(status), "{}", status.word());
        }
    }

    #[test]
    fn reasons_are_read_in_every_spelling_and_an_unknown_one_is_other() {
        let known = [
            ("out_for_lunch", Some(Reason::OutForLunch)),
            ("Out for lunch", Some(Reason::OutForLunch)),
            ("On a break", Some(Reason::OnABreak)),
            ("IN TRAINING", Some(Reason::InTraining)),
            ("Back office", Some(Reason::DoingBackOffice)),
            ("gardening", Some(Reason::Other)),
            ("always_opened", None),
            ("always_open", None),
            ("always_closed", None),
            ("", None),
        ];
        for (word, reason) in known {
            assert_eq!(Reason::read(word), reason, "{word}");
        }
    }

    #[test]
    fn only_the_unavailable_have_a_reason() {
        assert_eq!(Status::new(Availability::Available, Some(Reason::Other)).reason, None);
        assert_eq!(Status::read("asleep"), None);
    }
}
