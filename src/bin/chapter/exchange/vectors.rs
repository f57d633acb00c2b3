//! The cases of the tests, drawn: no connection carries them.

#[path = "../../wire/script.rs"]
mod script;

use super::stage::{Exchange, Stage, Stop, exchanges};
use crate::json::{Object, list};
use script::{Passes, Script};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static CASES: LazyLock<Vec<Script>> = LazyLock::new(|| script::all().collect());

exchanges! { "vectors", "";
    "vectors.case", false, case, ["wire --vectors '9112 §7.1'"];
}

/// What the page chooses from: the sections, and in each the cases with their numbers.
pub(crate) fn json() -> String {
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (number, Script { rfc, place, .. }) in CASES.iter().enumerate() {
        let case = Object::new().raw("case", number).text("name", place).end();
        sections.entry(rfc).or_default().push(case);
    }
    list(sections.into_iter().map(|(section, cases)| {
        let section = Object::new().text("section", section);
        section.raw("cases", list(cases)).end()
    }))
}

/// The one with the number in the setting `case`; the first one without it.
fn case(stage: &Stage) -> Result<(), Stop> {
    let number = stage.settings().get("case").and_then(|case| case.number());
    let number = usize::try_from(number.unwrap_or_default())?;
    let none = || Stop(format!("there is no case {number}"));
    let script = CASES.get(number).ok_or_else(none)?;
    let passes = script.passes.iter().map(|passes| match passes {
        Passes::Bytes(from, bytes) => (*from, Some(bytes.clone())),
        Passes::End(from) => (*from, None),
    });
    stage.shows(script.limits, passes.collect());
    Ok(())
}
