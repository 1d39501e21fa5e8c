//! How long each stage of a scan takes on one text, for benches.

use super::decode::{Budget, decode};
use super::generic::{self, Setting};
use super::keywords::Hit;
use super::patience::Patience;
use super::scanner::Scanner;
use super::search::{Text, accept, each};
use super::window::windows;
use crate::change::Fresh;
use std::time::{Duration, Instant};

/// What a stage is called, and how long it took.
pub type Stage = (&'static str, Duration);

fn timed<R>(stages: &mut Vec<Stage>, name: &'static str, work: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = work();
    stages.push((name, start.elapsed()));
    result
}

impl Scanner {
    /// Does to a text what [`Scanner::scan`] does to it, one stage after the other: the keywords of
    /// all rules, the windows around them, the regexes in those, the model of what has none, and the
    /// first layer of decoding.
    #[must_use]
    pub fn stages(&self, bytes: &[u8]) -> Vec<Stage> {
        let mut stages = Vec::new();
        let text = Text {
            bytes,
            path: b"",
            fresh: &Fresh::All,
            setting: Setting::Plain,
            allowances: &[],
            patience: Patience::ENDLESS,
        };
        let hits = timed(&mut stages, "prefilter", || {
            let mut hits: Vec<Hit> = Vec::new();
            self.keywords.each(bytes, |hit| hits.push(hit));
            hits
        });
        let groups = timed(&mut stages, "windows", || {
            let mut hits = hits;
            hits.sort_unstable();
            hits.dedup();
            let groups = hits.chunk_by(|a, b| a.owner == b.owner);
            let of = |group: &[Hit]| {
                let rule = self.rule_at(group[0].owner)?;
                let windows = match rule.regex {
                    Some(_) => windows(rule, bytes, group),
                    None => Vec::new(),
                };
                Some((rule, group.to_vec(), windows))
            };
            groups.filter_map(of).collect::<Vec<_>>()
        });
        timed(&mut stages, "regex", || {
            for (rule, _, windows) in &groups {
                for window in windows {
                    each(rule, bytes, window, Patience::ENDLESS, |_, _, _| {});
                }
            }
        });
        timed(&mut stages, "model", || {
            for (rule, hits, _) in groups.iter().filter(|(rule, ..)| rule.regex.is_none()) {
                for hit in hits {
                    let place = hit.start..hit.start + hit.len;
                    if let Some(found) = generic::assignment(bytes, place) {
                        let (whole, value) = (found.whole.clone(), found.value.clone());
                        let _ = accept(rule, &text, whole, value, Some(&found));
                    }
                }
            }
        });
        timed(&mut stages, "decode", || {
            decode(bytes, b"", &mut Budget::default()).pieces.len()
        });
        stages
    }
}
