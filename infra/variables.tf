# What a user may set. Only `failsafe_subscriptions` and `subscriptions` need a
# value before Watchkeeper can reach anybody; everything else has a default that
# is meant to be kept.

# ---- What it is called ---------------------------------------------------

variable "name" {
  description = "Begins the name of everything that is made. Two deployments in one account and region need different names."
  type        = string
  default     = "watchkeeper"
  nullable    = false

  validation {
    # The longest name made of it is NAME-remediator, of an IAM role (64
    # characters); a table's name has at least 3.
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name has 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags for everything that can have one, besides `application`, which is `name`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.tags), "watchkeeper")
    error_message = "tags must not have the key `watchkeeper`: it marks what Watchkeeper may mend, and it must not mend itself."
  }

  validation {
    condition     = alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && length(value) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "A tag's key has 1 to 128 characters and does not begin with `aws:`; its value has at most 256."
  }
}

# ---- What it does, and whom it tells -------------------------------------

variable "policy_file" {
  description = "Path of the policy, in YAML, relative to the folder in which Terraform runs."
  type        = string
  default     = "policy/policy.yaml"
  nullable    = false

  validation {
    condition     = fileexists(var.policy_file)
    error_message = "policy_file must name a file that exists."
  }
}

variable "failsafe_subscriptions" {
  description = "Who is told when Watchkeeper itself fails: it must not be empty in earnest. An e-mail address or telephone number must confirm before it hears anything."
  type = list(object({
    protocol = string
    endpoint = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for to in var.failsafe_subscriptions : contains(["email", "email-json", "https", "lambda", "sms", "sqs"], to.protocol)])
    error_message = "protocol is one of email, email-json, https, lambda, sms, sqs. (Messages carry signed links, so plain http is not among them.)"
  }
}

variable "subscriptions" {
  description = "Who hears what: for a topic that the policy names, the addresses that subscribe to it."
  type = map(list(object({
    protocol = string
    endpoint = string
  })))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for topic in keys(var.subscriptions) : contains(local.policy_topics, topic)])
    error_message = "subscriptions must only have topics that the policy names: ${join(", ", local.policy_topics)}."
  }

  validation {
    condition     = alltrue([for to in flatten(values(var.subscriptions)) : contains(["email", "email-json", "https", "lambda", "sms", "sqs"], to.protocol)])
    error_message = "protocol is one of email, email-json, https, lambda, sms, sqs. (Messages carry signed links, so plain http is not among them.)"
  }
}

variable "slack_signing_secret_arn" {
  description = "ARN of the secret that holds your Slack app's signing secret, as plain text. With it, questions in Slack have buttons to approve and decline, and the console takes clicks at /slack. null: there is the link alone."
  type        = string
  default     = null

  validation {
    condition     = var.slack_signing_secret_arn == null || can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.slack_signing_secret_arn))
    error_message = "slack_signing_secret_arn is null, or the ARN of a secret in Secrets Manager: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME."
  }
}

variable "ignored_alarm_name_prefixes" {
  description = "Alarms whose names begin like this do not come in through EventBridge. The default are those by which Application Auto Scaling steers: they are in ALARM as a matter of course. An alarm that has the ingest topic as its action comes in all the same."
  type        = list(string)
  default     = ["TargetTracking-"]
  nullable    = false

  validation {
    condition     = alltrue([for prefix in var.ignored_alarm_name_prefixes : length(prefix) > 0])
    error_message = "An empty prefix would keep every alarm out."
  }
}

variable "service_events" {
  description = "Which AWS services' events come in besides alarms: backup, cost-anomaly (sent in us-east-1 only), ecs, guardduty, health, rds. Of each, what is wrong and what ends it (events.tf). Nothing ends a cost anomaly or a finding of GuardDuty, and not every other trouble is reported as over: such an incident stays open until a person resolves it."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.service_events : contains(keys(local.service_event_patterns), service)])
    error_message = "service_events must only have ${join(", ", keys(local.service_event_patterns))}."
  }
}

variable "probes_file" {
  description = "Path of the file with the flows that the prober runs, in YAML, relative to the folder in which Terraform runs."
  type        = string
  default     = "policy/probes.yaml"
  nullable    = false

  validation {
    condition     = fileexists(var.probes_file)
    error_message = "probes_file must name a file that exists."
  }
}

variable "probe_model_arns" {
  description = "Models, inference profiles and provisioned models of Amazon Bedrock that flows may ask as the prober, by ARN. Not needed for steps that bring a token of their own."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.probe_model_arns : can(regex("^arn:[a-z-]+:bedrock:[a-z0-9-]*:[0-9]{0,12}:[a-z-]+/[A-Za-z0-9._:-]+$", arn))])
    error_message = "probe_model_arns has ARNs of Amazon Bedrock, each spelled out, without `*`: arn:aws:bedrock:REGION::foundation-model/ID."
  }
}

variable "ecs_task_role_arns" {
  description = "Task roles and task execution roles of the ECS services that `ecs-rollback` may roll back. ECS takes another task definition only from who may pass the roles that it names."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.ecs_task_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/_+=,.@-]+$", arn))])
    error_message = "ecs_task_role_arns has ARNs of roles, each spelled out, without `*`."
  }
}

# ---- What it runs ----------------------------------------------------------

variable "artifacts_dir" {
  description = "Folder of the built functions: NAME/bootstrap.zip for each, as `make build` leaves them."
  type        = string
  default     = "../target/lambda"
  nullable    = false
}

variable "architecture" {
  description = "What the functions were built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "reserved_concurrency" {
  description = "How many of a function may run at once; that many are kept free for it. -1 reserves nothing. null reserves nothing for any: the only way in a young account, whose limit is 10 in all."
  type = object({
    classifier = optional(number, 20)
    escalation = optional(number, 20)
    remediator = optional(number, 5)
    prober     = optional(number, 2)
    console    = optional(number, 5)
    sweeper    = optional(number, 2)
  })
  default = {}

  validation {
    condition     = var.reserved_concurrency == null || alltrue([for n in values(var.reserved_concurrency == null ? {} : var.reserved_concurrency) : n >= -1 && floor(n) == n])
    error_message = "A reserved concurrency is a whole number from -1 (nothing reserved) up; 0 stops the function."
  }
}

variable "log_retention_days" {
  description = "For how many days logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

# ---- What happens to what it keeps ---------------------------------------

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted. `terraform destroy` needs false, applied before."
  type        = bool
  default     = true
  nullable    = false
}

variable "secret_recovery_window_in_days" {
  description = "For how many days a deleted secret can be brought back, 7 to 30. Its name cannot be used again until then, so drills that deploy again take 0."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.secret_recovery_window_in_days == 0 || (var.secret_recovery_window_in_days >= 7 && var.secret_recovery_window_in_days <= 30)
    error_message = "secret_recovery_window_in_days is 0, or from 7 to 30."
  }
}

variable "link_key_version" {
  description = "Raise it by one to make a new key for signed links. Every link sent before is void from then on."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.link_key_version >= 1 && floor(var.link_key_version) == var.link_key_version
    error_message = "link_key_version is a whole number from 1 up."
  }
}

# ---- Drills and demonstrations -------------------------------------------

variable "drill_time_scale" {
  description = "Divides every waiting time of the policy, 1 to 10000. For drills and demonstrations only: 1 in earnest."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.drill_time_scale >= 1 && var.drill_time_scale <= 10000 && floor(var.drill_time_scale) == var.drill_time_scale
    error_message = "drill_time_scale is a whole number from 1 to 10000."
  }
}

variable "demo_alarms" {
  description = "Whether the alarms of the example system Vitascope are made: 45 of them, about 4.50 dollars a month on AWS."
  type        = bool
  default     = false
  nullable    = false
}
