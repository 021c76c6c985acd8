//! Reading what was heard of users' jobs.

use domain::heartbeat::State;

use super::read::Query;
use super::row::{HEARTBEAT, Key, read};
use super::{Store, StoreError, Stored};

impl Store {
    /// What is kept of a heartbeat.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn heartbeat(&self, id: &str) -> Result<Option<Stored<State>>, StoreError> {
        self.get(&Key::heartbeat(id)).await
    }

    /// What is kept of all heartbeats, those that the file has no more as well; by name.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn heartbeats(&self) -> Result<Vec<Stored<State>>, StoreError> {
        let query = Query {
            index: None,
            condition: "pk = :p",
            values: vec![(":p", HEARTBEAT.to_owned())],
            newest_first: false,
            limit: None,
        };
        self.query(query).await?.iter().map(read).collect()
    }
}
