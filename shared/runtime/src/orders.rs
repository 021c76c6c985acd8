//! Which standing orders are in force? Loaded once, and again when the table says
//! that there are others.

use std::sync::{Arc, Mutex, PoisonError};

use aws::store::{Store, StoreError};
use domain::control::{Control, PolicyInForce};
use domain::policy::{Policy, Problems};
use tracing::{error, info};

use crate::Failure;

/// The policy, as this process has it.
#[derive(Debug)]
pub struct Orders {
    store: Store,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    policy: Option<Arc<Policy>>,
    /// A version that could not be used; it is not tried again until somebody
    /// installs it again.
    unusable: Option<PolicyInForce>,
}

/// The policy to go by.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Set the first time that this process finds the newest version unusable and
    /// goes by the one before: what to tell the failsafe.
    pub trouble: Option<String>,
}

/// Why there is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// None was ever installed.
    #[error("no policy is installed; run `terraform apply` in infra/")]
    None,
    /// Neither the newest nor the one before can be used.
    #[error("policy {version} cannot be used, and there is none before it: {problem}")]
    Unusable {
        /// The newest version.
        version: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The table could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OrdersError> for Failure {
    fn from(error: OrdersError) -> Failure {
        let word = match &error {
            OrdersError::None => "NoPolicy",
            OrdersError::Unusable { .. } => "UnusablePolicy",
            OrdersError::Store(store) => store.word(),
        };
        Failure::new(word, error.to_string())
    }
}

impl Orders {
    /// Nothing is loaded yet.
    pub fn new(store: Store) -> Orders {
        Orders { store, known: Mutex::default() }
    }

    /// The policy that this process has, or the one in force if it has none yet.
    ///
    /// # Errors
    /// [`OrdersError`] when there is none that can be used.
    pub async fn latest(&self) -> Result<InForce, OrdersError> {
        if let Some(policy) = self.cached() {
            return Ok(InForce { policy, trouble: None });
        }
        let control = self.store.control().await?;
        self.in_force(control.as_ref().map(|stored| &stored.value)).await
    }

    /// The policy that `control` says is in force.
    ///
    /// # Errors
    /// [`OrdersError`] when there is none that can be used.
    pub async fn in_force(&self, control: Option<&Control>) -> Result<InForce, OrdersError> {
        let wanted = control.and_then(|control| control.policy.as_ref()).ok_or(OrdersError::None)?;
        let is_unusable = self.lock().unusable.as_ref() == Some(wanted);
        match self.cached() {
            Some(policy) if policy.version == wanted.version || is_unusable => Ok(InForce { policy, trouble: None }),
            Some(_) | None => self.load(wanted).await,
        }
    }

    async fn load(&self, wanted: &PolicyInForce) -> Result<InForce, OrdersError> {
        let problem = match self.read(&wanted.version).await? {
            Ok(policy) => {
                info!(policy_version = policy.version, "policy loaded");
                let policy = Arc::new(policy);
                *self.lock() = Known { policy: Some(Arc::clone(&policy)), unusable: None };
                return Ok(InForce { policy, trouble: None });
            }
            Err(problem) => problem,
        };
        let unusable = OrdersError::Unusable { version: wanted.version.clone(), problem: problem.clone() };
        let before = match self.cached() {
            Some(policy) => policy,
            None => match &wanted.previous {
                Some(previous) => match self.read(previous).await? {
                    Ok(policy) => Arc::new(policy),
                    Err(_) => return Err(unusable),
                },
                None => return Err(unusable),
            },
        };
        let trouble = format!("policy {} cannot be used; {} stays in force: {problem}", wanted.version, before.version);
        error!(policy_version = wanted.version, "{trouble}");
        *self.lock() = Known { policy: Some(Arc::clone(&before)), unusable: Some(wanted.clone()) };
        Ok(InForce { policy: before, trouble: Some(trouble) })
    }

    async fn read(&self, version: &str) -> Result<Result<Policy, String>, StoreError> {
        let content = match self.store.policy(version).await {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(Err("its row is missing".to_owned())),
            Err(StoreError::Unreadable { problem, .. }) => return Ok(Err(problem)),
            Err(error @ StoreError::Aws(_)) => return Err(error),
        };
        Ok(Policy::load(&content).map_err(|problems: Problems| problems.to_string()))
    }

    fn cached(&self) -> Option<Arc<Policy>> {
        self.lock().policy.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Nothing panics while it is held; and a policy is whole or not there.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
