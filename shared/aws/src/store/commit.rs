//! Writing: all or nothing, and only over what was seen.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use domain::incident::Pointer;
use domain::route::GroupKey;
use futures_util::FutureExt as _;

use super::row::{Item, Key, Row, read};
use super::{Store, StoreError, Stored};
use crate::AwsError;

/// Most rows of one transaction.
const TRANSACTION_MAX: usize = 100;

/// Which version of a row a write replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no such row.
    Absent,
    /// It is of this version.
    Version(u64),
    /// Whatever there is: for rows that never change, or whose content is the
    /// same whoever writes it.
    Anything,
}

/// One write of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Put a row.
    Put(Row, Expect),
    /// Delete the pointer of a group.
    DeletePointer(GroupKey, Expect),
    /// Only see that the pointer of a group is of this version.
    CheckPointer(GroupKey, u64),
    /// Only see that the control row is of this version: nobody has used the kill
    /// switch since it was read.
    CheckControl(u64),
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else has written meanwhile: read again and decide again.
    #[error("a row has changed meanwhile")]
    Conflict {
        /// The pointer that stood in the way, if one did.
        pointer: Option<Box<Stored<Pointer>>>,
    },
    /// The call failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AwsError> for CommitError {
    fn from(error: AwsError) -> CommitError {
        CommitError::Store(StoreError::Aws(error))
    }
}

impl Write {
    /// Puts a row that was read as `stored`, or that was not there.
    pub fn over<T>(row: Row, stored: Option<&Stored<T>>) -> Write {
        Write::Put(row, stored.map_or(Expect::Absent, |stored| Expect::Version(stored.version)))
    }

    fn key(&self) -> Key {
        match self {
            Write::Put(row, _) => row.key(),
            Write::DeletePointer(group, _) | Write::CheckPointer(group, _) => Key::pointer(group),
            Write::CheckControl(_) => Key::control(),
        }
    }

    /// What goes first when not all have room in one transaction.
    fn rank(&self) -> u8 {
        match self {
            Write::DeletePointer(..) | Write::CheckPointer(..) | Write::CheckControl(_) => 0,
            Write::Put(_, Expect::Version(_)) => 1,
            Write::Put(_, Expect::Absent) => 2,
            Write::Put(_, Expect::Anything) => 3,
        }
    }
}

/// A condition as DynamoDB takes it: the expression and its values.
struct Condition {
    expression: Option<String>,
    values: Option<Item>,
}

impl Condition {
    fn of(expect: Expect) -> Condition {
        match expect {
            Expect::Absent => Condition { expression: Some("attribute_not_exists(pk)".to_owned()), values: None },
            Expect::Version(version) => Condition {
                expression: Some("v = :v".to_owned()),
                values: Some(Item::from([(":v".to_owned(), AttributeValue::N(version.to_string()))])),
            },
            Expect::Anything => Condition { expression: None, values: None },
        }
    }
}

fn next_version(expect: Expect) -> u64 {
    match expect {
        Expect::Absent | Expect::Anything => 1,
        Expect::Version(version) => version + 1,
    }
}

impl Store {
    /// Writes all of `writes` or nothing. A single put costs no transaction.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a row is not as expected.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        match <[Write; 1]>::try_from(writes) {
            Ok([Write::Put(row, expect)]) => self.put(&row, expect).await,
            Ok(single) => self.transact(Vec::from(single)).await,
            Err(writes) if writes.is_empty() => Ok(()),
            Err(writes) => self.transact(writes).await,
        }
    }

    async fn put(&self, row: &Row, expect: Expect) -> Result<(), CommitError> {
        let Condition { expression, values } = Condition::of(expect);
        let result = self
            .aws
            .dynamodb()
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.item(next_version(expect))?))
            .set_condition_expression(expression)
            .set_expression_attribute_values(values)
            .send()
            .boxed()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_dynamodb::operation::put_item::PutItemError::is_conditional_check_failed_exception) =>
            {
                Err(CommitError::Conflict { pointer: None })
            }
            Err(error) => Err(AwsError::of("dynamodb:PutItem", &error).into()),
        }
    }

    async fn transact(&self, mut writes: Vec<Write>) -> Result<(), CommitError> {
        // Lines of the record beyond what a transaction holds follow it: they
        // have no condition, and may be written again.
        writes.sort_by_key(Write::rank);
        let rest = writes.split_off(writes.len().min(TRANSACTION_MAX));
        let items = writes.iter().map(|write| self.transaction_item(write)).collect::<Result<Vec<_>, StoreError>>()?;
        let result = self.aws.dynamodb().transact_write_items().set_transact_items(Some(items)).send().boxed().await;
        if let Err(error) = result {
            return Err(conflict(&error, &writes).unwrap_or_else(|| AwsError::of("dynamodb:TransactWriteItems", &error).into()));
        }
        for write in rest {
            match write {
                Write::Put(row, expect) => self.put(&row, expect).await?,
                // They go first, and no decision has a hundred of them.
                Write::DeletePointer(..) | Write::CheckPointer(..) | Write::CheckControl(_) => {}
            }
        }
        Ok(())
    }

    fn transaction_item(&self, write: &Write) -> Result<TransactWriteItem, StoreError> {
        let built = match write {
            Write::Put(row, expect) => {
                let Condition { expression, values } = Condition::of(*expect);
                Put::builder()
                    .table_name(&self.table)
                    .set_item(Some(row.item(next_version(*expect))?))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .build()
                    .map(|put| TransactWriteItem::builder().put(put).build())
            }
            Write::DeletePointer(_, expect) => {
                let Condition { expression, values } = Condition::of(*expect);
                Delete::builder()
                    .table_name(&self.table)
                    .set_key(Some(write.key().attributes()))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .build()
                    .map(|delete| TransactWriteItem::builder().delete(delete).build())
            }
            Write::CheckPointer(_, version) | Write::CheckControl(version) => {
                let Condition { expression, values } = Condition::of(Expect::Version(*version));
                ConditionCheck::builder()
                    .table_name(&self.table)
                    .set_key(Some(write.key().attributes()))
                    .set_condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .build()
                    .map(|check| TransactWriteItem::builder().condition_check(check).build())
            }
        };
        let key = write.key();
        built.map_err(|error| StoreError::Unreadable { pk: key.pk, sk: key.sk, problem: error.to_string() })
    }
}

/// The conflict in a cancelled transaction, if that is what it was.
fn conflict<R>(error: &SdkError<TransactWriteItemsError, R>, writes: &[Write]) -> Option<CommitError> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else { return None };
    let reasons = cancelled.cancellation_reasons();
    let is_conflict = reasons
        .iter()
        .filter_map(|reason| reason.code())
        .any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"));
    let is_other = reasons
        .iter()
        .filter_map(|reason| reason.code())
        .any(|code| !matches!(code, "None" | "ConditionalCheckFailed" | "TransactionConflict"));
    if !is_conflict || is_other {
        return None;
    }
    let pointer = writes.iter().zip(reasons).find_map(|(write, reason)| match write {
        Write::Put(Row::Pointer(_), _) => reason.item().and_then(|item| read::<Pointer>(item).ok()).map(Box::new),
        Write::Put(..) | Write::DeletePointer(..) | Write::CheckPointer(..) | Write::CheckControl(_) => None,
    });
    Some(CommitError::Conflict { pointer })
}
