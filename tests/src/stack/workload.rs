//! The example system that is watched and mended: an ECS service that can scale
//! and an RDS instance. It is made by plain calls, not by Terraform: it is not
//! Watchkeeper's.

use serde_json::json;

use super::{Api, Deployment, Outcome};

/// The prefix of ECS's operations.
pub const ECS: &str = "AmazonEC2ContainerServiceV20141113";
/// The version of RDS's operations.
pub const RDS: &str = "2014-10-31";

/// The cluster of the example system.
pub const CLUSTER: &str = "vitascope-cluster";
/// Its API's service.
pub const SERVICE: &str = "vitascope-api";
/// Its database.
pub const DATABASE: &str = "vitascope-db";
/// How many tasks the API has at first, and at least.
pub const TASKS: u64 = 2;
/// How many it may have.
pub const TASKS_MAX: u64 = 6;

/// The API's scalable target.
pub fn scalable_target() -> String {
    format!("service/{CLUSTER}/{SERVICE}")
}

/// How many tasks a service is to have.
pub(super) async fn desired_count(api: &Api, cluster: &str, service: &str) -> Outcome<u64> {
    let input = json!({"cluster": cluster, "services": [service]});
    let answer = api.json("ecs", ECS, "DescribeServices", &input).await?;
    answer["services"][0]["desiredCount"].as_u64().ok_or_else(|| format!("there is no service {cluster}/{service}"))
}

impl Deployment {
    /// Makes the example system.
    ///
    /// # Errors
    /// What the services say.
    pub async fn make_workload(&self) -> Outcome<()> {
        let (api, managed) = (&self.api, json!([{"key": "watchkeeper", "value": "managed"}]));
        api.json("ecs", ECS, "CreateCluster", &json!({"clusterName": CLUSTER})).await?;
        let task = json!({
            "family": SERVICE,
            "containerDefinitions": [{"name": "api", "image": "busybox", "memory": 64, "essential": true}],
        });
        api.json("ecs", ECS, "RegisterTaskDefinition", &task).await?;
        let service = json!({
            "cluster": CLUSTER, "serviceName": SERVICE, "taskDefinition": SERVICE, "desiredCount": TASKS, "tags": managed,
        });
        api.json("ecs", ECS, "CreateService", &service).await?;
        self.register_target().await?;
        let database = [
            ("DBInstanceIdentifier", DATABASE),
            ("DBInstanceClass", "db.t4g.small"),
            ("Engine", "postgres"),
            ("AllocatedStorage", "20"),
            ("MasterUsername", "vitascope"),
            ("MasterUserPassword", "of-a-demonstration"),
            ("MultiAZ", "true"),
            ("Tags.Tag.1.Key", "watchkeeper"),
            ("Tags.Tag.1.Value", "managed"),
        ];
        api.query("rds", RDS, "CreateDBInstance", &database).await.map(|_| ())
    }

    async fn register_target(&self) -> Outcome<()> {
        let input = json!({
            "ServiceNamespace": "ecs",
            "ResourceId": scalable_target(),
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": TASKS,
            "MaxCapacity": TASKS_MAX,
        });
        self.stand_ins.scaling.register(input).await
    }

    /// How many tasks the API is to have now.
    ///
    /// # Errors
    /// What ECS says.
    pub async fn tasks(&self) -> Outcome<u64> {
        desired_count(&self.api, CLUSTER, SERVICE).await
    }

    /// What RDS says has happened to a database.
    ///
    /// # Errors
    /// What RDS says.
    pub async fn database_events(&self, instance: &str) -> Outcome<Vec<String>> {
        let fields = [("SourceType", "db-instance"), ("SourceIdentifier", instance), ("Duration", "60")];
        let answer = self.api.query("rds", RDS, "DescribeEvents", &fields).await?;
        let messages = answer.split("<Message>").skip(1).filter_map(|part| part.split("</Message>").next());
        Ok(messages.map(str::to_owned).collect())
    }

    /// Whether the database takes connections.
    ///
    /// # Errors
    /// What RDS says, and the status if it is another.
    pub async fn database_is_available(&self) -> Outcome<()> {
        let answer = self.api.query("rds", RDS, "DescribeDBInstances", &[("DBInstanceIdentifier", DATABASE)]).await?;
        let status = answer.split("<DBInstanceStatus>").nth(1).and_then(|part| part.split('<').next()).unwrap_or("missing");
        if status == "available" { Ok(()) } else { Err(format!("the database is {status}")) }
    }
}
