# What the six functions share. Each has a file of its own, in which its
# permissions are named one by one: what a part may do stands beside it, as
# `may_…`, in the file of that part.

locals {
  function_names = ["classifier", "escalation", "remediator", "prober", "console", "sweeper"]

  functions = {
    name               = var.name
    partition          = local.partition
    region             = local.region
    account_id         = local.account_id
    artifacts_dir      = var.artifacts_dir
    architecture       = var.architecture
    key_arn            = aws_kms_key.this.arn
    log_retention_days = var.log_retention_days
    alarm_prefix       = local.own_alarm_prefix
    alarm_topic_arn    = aws_sns_topic.failsafe.arn
  }

  reserved_concurrency = { for function in local.function_names : function => try(var.reserved_concurrency[function], -1) }
}
