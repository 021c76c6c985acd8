//! Which standing orders are in force? Loaded once, and again when the table says
//! that there are others.

use std::sync::{Arc, Mutex, PoisonError};

use aws::store::{Store, StoreError};
use domain::control::{Control, PolicyInForce};
use domain::policy::{Policy, Problems};
use tracing::{error, info};

use crate::Failure;
use crate::standing::Standing;

/// A file of standing orders, as this process has it: the policy, unless another is
/// named.
#[derive(Debug)]
pub struct Orders<F = Policy> {
    store: Store,
    known: Mutex<Known<F>>,
}

#[derive(Debug)]
struct Known<F> {
    file: Option<Arc<F>>,
    /// A version that could not be used; it is not tried again until somebody
    /// installs it again.
    unusable: Option<PolicyInForce>,
}

/// The file to go by.
#[derive(Debug)]
pub struct InForce<F = Policy> {
    /// The file.
    pub file: Arc<F>,
    /// Set the first time that this process finds the newest version unusable and
    /// goes by the one before: what to tell the failsafe.
    pub trouble: Option<String>,
}

/// Why there are no orders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// None were ever installed.
    #[error("no {what} is installed; run `terraform apply` in infra/")]
    None {
        /// Which file: `policy`.
        what: &'static str,
    },
    /// Neither the newest nor the one before can be used.
    #[error("{what} {version} cannot be used, and there is none before it: {problem}")]
    Unusable {
        /// Which file: `policy`.
        what: &'static str,
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
            OrdersError::None { .. } => "NoPolicy",
            OrdersError::Unusable { .. } => "UnusablePolicy",
            OrdersError::Store(store) => store.word(),
        };
        Failure::new(word, error.to_string())
    }
}

impl<F: Standing> Orders<F> {
    /// Nothing is loaded yet.
    pub fn new(store: Store) -> Orders<F> {
        Orders { store, known: Mutex::new(Known { file: None, unusable: None }) }
    }

    /// The file that this process has, or the one in force if it has none yet.
    ///
    /// # Errors
    /// [`OrdersError`] when there is none that can be used.
    pub async fn latest(&self) -> Result<InForce<F>, OrdersError> {
        if let Some(file) = self.cached() {
            return Ok(InForce { file, trouble: None });
        }
        let control = self.store.control().await?;
        self.in_force(control.as_ref().map(|stored| &stored.value)).await
    }

    /// The file that `control` says is in force.
    ///
    /// # Errors
    /// [`OrdersError`] when there is none that can be used.
    pub async fn in_force(&self, control: Option<&Control>) -> Result<InForce<F>, OrdersError> {
        let wanted = control.and_then(F::named).ok_or(OrdersError::None { what: F::WHAT })?;
        let is_unusable = self.lock().unusable.as_ref() == Some(wanted);
        match self.cached() {
            Some(file) if file.version() == wanted.version || is_unusable => Ok(InForce { file, trouble: None }),
            Some(_) | None => self.load(wanted).await,
        }
    }

    async fn load(&self, wanted: &PolicyInForce) -> Result<InForce<F>, OrdersError> {
        let problem = match self.read(&wanted.version).await? {
            Ok(file) => {
                info!(version = file.version(), "{} loaded", F::WHAT);
                let file = Arc::new(file);
                *self.lock() = Known { file: Some(Arc::clone(&file)), unusable: None };
                return Ok(InForce { file, trouble: None });
            }
            Err(problem) => problem,
        };
        let unusable = OrdersError::Unusable { what: F::WHAT, version: wanted.version.clone(), problem: problem.clone() };
        let before = match self.cached() {
            Some(file) => file,
            None => match &wanted.previous {
                Some(previous) => match self.read(previous).await? {
                    Ok(file) => Arc::new(file),
                    Err(_) => return Err(unusable),
                },
                None => return Err(unusable),
            },
        };
        let trouble = format!("{} {} cannot be used; {} stays in force: {problem}", F::WHAT, wanted.version, before.version());
        error!(version = wanted.version, "{trouble}");
        *self.lock() = Known { file: Some(Arc::clone(&before)), unusable: Some(wanted.clone()) };
        Ok(InForce { file: before, trouble: Some(trouble) })
    }

    async fn read(&self, version: &str) -> Result<Result<F, String>, StoreError> {
        let content = match F::content(&self.store, version).await {
            Ok(Some(content)) => content,
            Ok(None) => return Ok(Err("its row is missing".to_owned())),
            Err(StoreError::Unreadable { problem, .. }) => return Ok(Err(problem)),
            Err(error @ StoreError::Aws(_)) => return Err(error),
        };
        Ok(F::load(&content).map_err(|problems: Problems| problems.to_string()))
    }

    fn cached(&self) -> Option<Arc<F>> {
        self.lock().file.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known<F>> {
        // Nothing panics while it is held; and a file is whole or not there.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
