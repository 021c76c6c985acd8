//! Would people be woken more often than they can bear? Known only from the alarms
//! of the past.

use super::Warning;

/// The warning's name.
pub(super) const ID: &str = "too-many-pages";

/// The warning that the alarms of the past would have woken somebody more than
/// `n_pages_max` times a week; none if they would not.
pub fn too_many_pages(who: &str, n_pages_a_week: f64, n_pages_max: u32) -> Option<Warning> {
    (n_pages_a_week > f64::from(n_pages_max)).then(|| {
        Warning::new(
            ID,
            "",
            format!(
                "with the alarms of this history {who} would be woken {n_pages_a_week:.1} times a week, and {n_pages_max} is \
                 the most that was asked for; nobody who is woken so often wakes up well: make less of it P1, group more, \
                 or have it mended without people"
            ),
        )
    })
}
