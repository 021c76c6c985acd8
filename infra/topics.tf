# The topics: one that alarms are sent to, one of last resort, and one for every
# name in the policy.

# Alarms come in here: give this topic to an alarm as its action.
resource "aws_sns_topic" "ingest" {
  name              = "${var.name}-ingest"
  kms_master_key_id = aws_kms_key.this.arn
}

# The last resort: what Watchkeeper could not process, and its own faults.
# Nothing of ours stands between the fault and this topic.
resource "aws_sns_topic" "failsafe" {
  name              = "${var.name}-failsafe"
  display_name      = "Watchkeeper" # the sender of an SMS or e-mail
  kms_master_key_id = aws_kms_key.this.arn
}

# Whom the policy tells. What a new policy no longer names is deleted only after it
# is in force (create_before_destroy, and policy.tf): if it is refused, the old one
# finds its topics and their subscribers as they were.
resource "aws_sns_topic" "receiver" {
  for_each = local.policy_topics

  name              = "${var.name}-${each.key}"
  display_name      = "Watchkeeper"
  kms_master_key_id = aws_kms_key.this.arn

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = can(regex("^[A-Za-z0-9_-]{1,200}$", each.key))
      error_message = "${basename(var.policy_file)}: the topic `${each.key}` must have 1 to 200 letters, digits, hyphens and underscores."
    }

    precondition {
      condition     = !contains(["ingest", "failsafe"], each.key)
      error_message = "${basename(var.policy_file)}: the topic `${each.key}` is Watchkeeper's own; call yours something else."
    }
  }
}

# Who may publish. Our functions may because their roles say so; alarms of this
# account may where they are expected; nobody may without TLS.
locals {
  topics_by_use = merge(
    { for topic, it in aws_sns_topic.receiver : topic => { arn = it.arn, takes_alarms = false } },
    { ingest = { arn = aws_sns_topic.ingest.arn, takes_alarms = true } },
    { failsafe = { arn = aws_sns_topic.failsafe.arn, takes_alarms = true } },
  )
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics_by_use

  arn = each.value.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "NothingInPlainText"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for sid in each.value.takes_alarms ? ["AlarmsOfThisAccount"] : [] : {
        Sid       = sid
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnLike      = { "aws:SourceArn" = local.alarm_arns }
        }
      }],
    )
  })
}

# Who hears what.
resource "aws_sns_topic_subscription" "failsafe" {
  for_each = { for to in var.failsafe_subscriptions : "${to.protocol}:${to.endpoint}" => to }

  topic_arn = aws_sns_topic.failsafe.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

resource "aws_sns_topic_subscription" "receiver" {
  for_each = merge([
    for topic, addresses in var.subscriptions : {
      for to in addresses : "${topic}:${to.protocol}:${to.endpoint}" => merge(to, { topic = topic })
    }
  ]...)

  topic_arn = aws_sns_topic.receiver[each.value.topic].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint

  lifecycle {
    create_before_destroy = true
  }
}

check "somebody_hears_the_failsafe" {
  assert {
    condition     = length(var.failsafe_subscriptions) > 0
    error_message = "failsafe_subscriptions is empty: when Watchkeeper itself fails, nobody is told."
  }
}

locals {
  may_publish_to_failsafe = [
    {
      Sid       = "PublishToFailsafe"
      Action    = ["sns:Publish"]
      Resource  = [aws_sns_topic.failsafe.arn]
      Condition = {}
    },
    local.may_use_key_for["sns"],
  ]

  may_publish_to_receivers = [
    for arns in [values(aws_sns_topic.receiver)[*].arn] : {
      Sid       = "PublishToReceivers"
      Action    = ["sns:Publish"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0 # a policy may do without topics; a statement not without resources
  ]
}
