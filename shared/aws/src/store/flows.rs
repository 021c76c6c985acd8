//! Reading what is known of flows: many at once, since a round is about all of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::probe::watch::{FlowState, RegionState};
use serde::de::DeserializeOwned;

use super::row::{Item, Key, read};
use super::{Store, StoreError, Stored};

/// What is known of a flow.
#[derive(Debug, Clone, Default)]
pub struct FlowRows {
    /// Whether it is down.
    pub state: Option<Stored<FlowState>>,
    /// Its last runs, by Region.
    pub regions: BTreeMap<String, Stored<RegionState>>,
}

impl Store {
    /// The last runs of flows in one Region, by the flows' ids; in one call for each
    /// hundred.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails.
    pub async fn runs_in(&self, region: &str, flows: &[&str]) -> Result<BTreeMap<String, Stored<RegionState>>, StoreError> {
        let keys: BTreeSet<Key> = flows.iter().map(|flow| Key::flow_region(flow, region)).collect();
        let found = self.batch(keys.into_iter().collect()).await?;
        let of = |flow: &&str| Some(((*flow).to_owned(), whatever_it_holds(found.get(&Key::flow_region(flow, region))?)?));
        Ok(flows.iter().filter_map(of).collect())
    }

    /// All that is known of flows, each with its Regions; in one call for each hundred
    /// rows. The answer is in the order of `flows`.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails.
    pub async fn flows(&self, flows: &[(&str, Vec<&str>)]) -> Result<Vec<FlowRows>, StoreError> {
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for (flow, regions) in flows {
            keys.insert(Key::flow(flow));
            keys.extend(regions.iter().map(|region| Key::flow_region(flow, region)));
        }
        let found = self.batch(keys.into_iter().collect()).await?;
        let rows = flows.iter().map(|(flow, regions)| FlowRows {
            state: found.get(&Key::flow(flow)).and_then(whatever_it_holds),
            regions: regions
                .iter()
                .filter_map(|region| {
                    let item = found.get(&Key::flow_region(flow, region))?;
                    Some(((*region).to_owned(), whatever_it_holds(item)?))
                })
                .collect(),
        });
        Ok(rows.collect())
    }

    /// The last runs of a flow in one Region.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails.
    pub async fn runs(&self, flow: &str, region: &str) -> Result<Option<Stored<RegionState>>, StoreError> {
        Ok(self.runs_in(region, &[flow]).await?.remove(flow))
    }
}

/// A row's value; of one that cannot be read nothing but its version, so that it can be
/// written anew: what it held comes again with the next runs.
fn whatever_it_holds<T: DeserializeOwned + Default>(item: &Item) -> Option<Stored<T>> {
    read(item).ok().or_else(|| {
        let version = item.get("v")?.as_n().ok()?.parse().ok()?;
        Some(Stored { value: T::default(), version })
    })
}
