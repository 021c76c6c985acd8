//! RDS instances, as remediation looks at them.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstance, SourceType};
use domain::remediation::action::DbFacts;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{Aws, AwsError};

/// What RDS says of an instance that was restarted or has failed over.
const RESTARTED: [&str; 3] = ["restarted", "failover completed", "multi-az instance failover completed"];

impl Aws {
    /// An RDS instance; none if there is none. Its events are read from `since`
    /// on, if that is given.
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
        let cluster = match found.db_cluster_identifier.clone() {
            Some(cluster) => Some((cluster.clone(), self.cluster_size(&cluster).await?)),
            None => None,
        };
        let restarted_at = match since {
            Some(since) => self.restarted_at(instance, since).await?,
            None => None,
        };
        Ok(Some(facts(found, cluster, restarted_at)))
    }

    async fn cluster_size(&self, cluster: &str) -> Result<usize, AwsError> {
        let described = self
            .rds()
            .describe_db_clusters()
            .db_cluster_identifier(cluster)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("rds:DescribeDBClusters", &error))?;
        Ok(described.db_clusters.unwrap_or_default().first().map_or(0, |cluster| cluster.db_cluster_members().len()))
    }

    async fn restarted_at(&self, instance: &str, since: Timestamp) -> Result<Option<Timestamp>, AwsError> {
        let described = self
            .rds()
            .describe_events()
            .source_type(SourceType::DbInstance)
            .source_identifier(instance)
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
                RESTARTED.iter().any(|phrase| message.contains(phrase))
            })
            .filter_map(|event| event.date)
            .filter_map(|date| Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).unwrap_or(0)).ok())
            .max())
    }

    /// Restarts an instance.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn reboot_db_instance(&self, instance: &str, force_failover: bool) -> Result<(), AwsError> {
        let mut call = self.rds().reboot_db_instance().db_instance_identifier(instance);
        if force_failover {
            call = call.force_failover(true);
        }
        call.send().boxed().await.map_err(|error| AwsError::of("rds:RebootDBInstance", &error))?;
        Ok(())
    }

    /// Fails a cluster over to another of its instances.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn failover_db_cluster(&self, cluster: &str) -> Result<(), AwsError> {
        self.rds()
            .failover_db_cluster()
            .db_cluster_identifier(cluster)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("rds:FailoverDBCluster", &error))?;
        Ok(())
    }
}

fn facts(found: DbInstance, cluster: Option<(String, usize)>, restarted_at: Option<Timestamp>) -> DbFacts {
    DbFacts {
        status: found.db_instance_status.unwrap_or_default(),
        is_multi_az: found.multi_az.unwrap_or(false),
        pending: found.pending_modified_values.map(|pending| pending_names(&pending)).unwrap_or_default(),
        cluster,
        restarted_at,
        tags: found
            .tag_list
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect(),
    }
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
