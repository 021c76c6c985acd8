//! RDS instances, as remediation looks at them and restarts them.

use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_rds::config::Builder;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbCluster as SdkCluster, DbInstance, SourceType, Tag};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use domain::remediation::action::{DbCluster, DbFacts, Sessions};
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{Aws, AwsError};

/// What RDS says of an instance that is or was restarted, or of a failover, whatever it
/// comes to: none of these leaves connections as they were.
const RESTARTED: [&str; 3] = ["restarted", "shutdown", "failover"];
/// What RDS says of a cluster in which another instance has taken over.
const FAILED_OVER: [&str; 1] = ["completed failover"];

/// What may be sent only once: how long its answer is waited for.
const ONCE: Duration = Duration::from_secs(10);
/// How often it is sent when RDS says that it has not taken it.
const TRIES_MAX: u32 = 3;
/// What RDS says then.
const NOT_TAKEN: [&str; 3] = ["Throttl", "TooManyRequests", "RequestLimitExceeded"];

impl Aws {
    /// An RDS instance; none if there is none. Its events, and those of its cluster,
    /// are read from `since` on, if that is given. Its sessions are not looked at.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn db_instance(&self, instance: &str, since: Option<Timestamp>) -> Result<Option<DbFacts>, AwsError> {
        let described = match self.rds().describe_db_instances().db_instance_identifier(instance).send().boxed().await {
            Ok(described) => described,
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_rds::operation::describe_db_instances::DescribeDBInstancesError::is_db_instance_not_found_fault,
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::of("rds:DescribeDBInstances", &error)),
        };
        let Some(found) = described.db_instances.unwrap_or_default().into_iter().next() else { return Ok(None) };
        // Without a name, RDS would tell of every cluster there is.
        let cluster = match found.db_cluster_identifier.as_deref().filter(|cluster| !cluster.is_empty()) {
            Some(cluster) => Some(self.db_cluster(cluster, since).await?),
            None => None,
        };
        let restarted_at = self.last_event(SourceType::DbInstance, instance, &RESTARTED, since).await?;
        Ok(Some(facts(found, cluster, restarted_at)))
    }

    async fn db_cluster(&self, cluster: &str, since: Option<Timestamp>) -> Result<DbCluster, AwsError> {
        let described = self
            .rds()
            .describe_db_clusters()
            .db_cluster_identifier(cluster)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("rds:DescribeDBClusters", &error))?;
        let failed_over_at = self.last_event(SourceType::DbCluster, cluster, &FAILED_OVER, since).await?;
        let found = described.db_clusters.unwrap_or_default().into_iter().next();
        Ok(cluster_facts(cluster, found.unwrap_or_else(|| SdkCluster::builder().build()), failed_over_at))
    }

    /// When one of these phrases was last said of a database, at or after `since`.
    async fn last_event(
        &self,
        kind: SourceType,
        name: &str,
        phrases: &[&str],
        since: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, AwsError> {
        let Some(since) = since else { return Ok(None) };
        let described = self
            .rds()
            .describe_events()
            .source_type(kind)
            .source_identifier(name)
            .start_time(DateTime::from_secs(since.as_second()))
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("rds:DescribeEvents", &error))?;
        Ok(described
            .events
            .unwrap_or_default()
            .into_iter()
            .filter(|event| {
                let message = event.message.as_deref().unwrap_or_default().to_lowercase();
                phrases.iter().any(|phrase| message.contains(phrase))
            })
            .filter_map(|event| event.date)
            .filter_map(|date| Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).unwrap_or(0)).ok())
            .max())
    }

    /// Restarts an instance. It is never sent again without knowing that RDS has not
    /// taken it: an answer that is lost may be one to a restart that was begun.
    ///
    /// # Errors
    /// [`AwsError`] as for every call; after `Later` it may have been begun.
    pub async fn reboot_db_instance(&self, instance: &str, force_failover: bool) -> Result<(), AwsError> {
        sent_once("rds:RebootDBInstance", || {
            let call = self.rds().reboot_db_instance().db_instance_identifier(instance);
            let call = if force_failover { call.force_failover(true) } else { call };
            call.customize().config_override(once()).send().boxed()
        })
        .await
    }

    /// Fails a cluster over to another of its instances. As with a restart, it is not
    /// sent again blindly.
    ///
    /// # Errors
    /// [`AwsError`] as for every call; after `Later` it may have been begun.
    pub async fn failover_db_cluster(&self, cluster: &str) -> Result<(), AwsError> {
        sent_once("rds:FailoverDBCluster", || {
            let call = self.rds().failover_db_cluster().db_cluster_identifier(cluster);
            call.customize().config_override(once()).send().boxed()
        })
        .await
    }
}

/// One try, and the time that it may take.
fn once() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ONCE).operation_timeout(ONCE).build();
    Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts)
}

/// Sends a call until RDS has taken it or may have.
async fn sent_once<T, E, R, F>(call: &'static str, send: impl Fn() -> F) -> Result<(), AwsError>
where
    F: Future<Output = Result<T, SdkError<E, R>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: Debug,
{
    let mut n_tries = 1;
    loop {
        match send().await {
            Ok(_) => return Ok(()),
            Err(error) if n_tries < TRIES_MAX && is_not_taken(&error) => {
                tokio::time::sleep(Duration::from_secs(n_tries.into())).await;
                n_tries += 1;
            }
            Err(error) => return Err(AwsError::of(call, &error)),
        }
    }
}

fn is_not_taken<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default();
    NOT_TAKEN.iter().any(|part| code.contains(part))
}

fn facts(found: DbInstance, cluster: Option<DbCluster>, restarted_at: Option<Timestamp>) -> DbFacts {
    DbFacts {
        status: found.db_instance_status.unwrap_or_default(),
        is_multi_az: found.multi_az.unwrap_or(false),
        pending: found.pending_modified_values.map(|pending| pending_names(&pending)).unwrap_or_default(),
        cluster,
        restarted_at,
        sessions: Sessions::NotAsked,
        tags: tags(found.tag_list),
    }
}

fn cluster_facts(name: &str, found: SdkCluster, failed_over_at: Option<Timestamp>) -> DbCluster {
    let members = found.db_cluster_members.unwrap_or_default();
    DbCluster {
        name: name.to_owned(),
        arn: found.db_cluster_arn.unwrap_or_default(),
        status: found.status.unwrap_or_default(),
        engine: found.engine.unwrap_or_default(),
        n_instances: members.len(),
        writer: members
            .into_iter()
            .find(|member| member.is_cluster_writer == Some(true))
            .and_then(|member| member.db_instance_identifier),
        has_http_endpoint: found.http_endpoint_enabled.unwrap_or(false),
        failed_over_at,
        tags: tags(found.tag_list),
    }
}

fn tags(list: Option<Vec<Tag>>) -> std::collections::BTreeMap<String, String> {
    list.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

/// The names of changes that a restart would apply.
fn pending_names(pending: &aws_sdk_rds::types::PendingModifiedValues) -> Vec<String> {
    let names = [
        ("DBInstanceClass", pending.db_instance_class.is_some()),
        ("AllocatedStorage", pending.allocated_storage.is_some()),
        ("MasterUserPassword", pending.master_user_password.is_some()),
        ("Port", pending.port.is_some()),
        ("BackupRetentionPeriod", pending.backup_retention_period.is_some()),
        ("MultiAZ", pending.multi_az.is_some()),
        ("EngineVersion", pending.engine_version.is_some()),
        ("LicenseModel", pending.license_model.is_some()),
        ("Iops", pending.iops.is_some()),
        ("DBInstanceIdentifier", pending.db_instance_identifier.is_some()),
        ("StorageType", pending.storage_type.is_some()),
        ("CACertificateIdentifier", pending.ca_certificate_identifier.is_some()),
        ("DBSubnetGroupName", pending.db_subnet_group_name.is_some()),
        ("PendingCloudwatchLogsExports", pending.pending_cloudwatch_logs_exports.is_some()),
        ("ProcessorFeatures", pending.processor_features.as_ref().is_some_and(|features| !features.is_empty())),
        ("IAMDatabaseAuthenticationEnabled", pending.iam_database_authentication_enabled.is_some()),
        ("DedicatedLogVolume", pending.dedicated_log_volume.is_some()),
        ("Engine", pending.engine.is_some()),
        ("StorageThroughput", pending.storage_throughput.is_some()),
        ("MultiTenant", pending.multi_tenant.is_some()),
    ];
    names.into_iter().filter(|(_, is_pending)| *is_pending).map(|(name, _)| name.to_owned()).collect()
}
