# Where events wait that could not be processed: nothing that was accepted is
# lost. The sweeper and `watchkeeper redrive` take them out again.

locals {
  dead_letters_name = "${var.name}-dead-letters"

  # By name, since its policy is part of it.
  dead_letters_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letters_name}"
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letters_name
  message_retention_seconds = 14 * 24 * 3600 # the longest there is

  # Longer than the sweeper may run, so that no two rounds take the same event.
  visibility_timeout_seconds = 120

  kms_master_key_id                 = aws_kms_key.this.arn
  kms_data_key_reuse_period_seconds = 300

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "NothingInPlainText"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.dead_letters_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "WhatOurTopicsCouldNotDeliver"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.dead_letters_arn
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.ingest.arn, aws_sns_topic.failsafe.arn] } }
      },
      {
        Sid       = "WhatOurRulesCouldNotDeliver"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.dead_letters_arn
        Condition = { ArnEquals = { "aws:SourceArn" = concat([aws_cloudwatch_event_rule.alarms.arn], values(aws_cloudwatch_event_rule.service)[*].arn) } }
      },
    ]
  })
}

# An event that the classifier gave up on goes to the failsafe topic, inside an
# envelope of Lambda's, and from there into the queue as well. Lambda puts it
# into the queue by itself, too (`dead_letter_queue_arn` in classifier.tf): that
# way holds when the event is too large for a topic, this one where only the
# other is carried out. Taking one event out twice does nothing twice.
resource "aws_sns_topic_subscription" "dead_letters" {
  topic_arn            = aws_sns_topic.failsafe.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.dead_letters.arn
  raw_message_delivery = true

  # Only envelopes, not the other messages of last resort. `exists` sees only
  # leaves, so it asks for one that every envelope has: why Lambda gave up.
  filter_policy_scope = "MessageBody"
  filter_policy       = jsonencode({ requestContext = { condition = [{ exists = true }] } })
}

locals {
  may_leave_dead_letters = [
    {
      Sid       = "LeaveDeadLetters"
      Action    = ["sqs:SendMessage"]
      Resource  = [aws_sqs_queue.dead_letters.arn]
      Condition = {}
    },
    local.may_use_key_for["sqs"],
  ]

  may_take_dead_letters = [
    {
      Sid       = "TakeDeadLetters"
      Action    = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource  = [aws_sqs_queue.dead_letters.arn]
      Condition = {}
    },
    local.may_use_key_for["sqs"],
  ]
}
