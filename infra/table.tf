# The state: one table, on demand. What its rows mean, the code says; here is
# only what DynamoDB must know.

resource "aws_dynamodb_table" "state" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = ["pk", "sk", "incident_id", "open", "wake_at", "service", "opened_at"]

    content {
      name = attribute.value
      type = "S"
    }
  }

  # Which alerts belong to an incident?
  global_secondary_index {
    name            = "incident-members"
    hash_key        = "incident_id"
    range_key       = "pk"
    projection_type = "ALL"
  }

  # Which incidents are open, and which of them should have been woken? Only an
  # open incident has the attribute `open`, so the index holds nothing else.
  global_secondary_index {
    name            = "open-incidents"
    hash_key        = "open"
    range_key       = "wake_at"
    projection_type = "ALL"
  }

  # What happened to this service before?
  global_secondary_index {
    name            = "service-incidents"
    hash_key        = "service"
    range_key       = "opened_at"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }

  ttl {
    enabled        = true
    attribute_name = "ttl"
  }
}

locals {
  # A transaction has no action of its own: it needs those of its parts.
  may_write_state = [
    {
      Sid    = "ReadAndWriteState"
      Action = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = [
        aws_dynamodb_table.state.arn,
      ]
      Condition = {}
    },
    local.may_use_key_for["dynamodb"],
  ]

  # Only to see, in a transaction, that a row is as it was read.
  may_check_state = [
    {
      Sid       = "CheckState"
      Action    = ["dynamodb:ConditionCheckItem"]
      Resource  = [aws_dynamodb_table.state.arn]
      Condition = {}
    },
  ]

  may_delete_state = [
    {
      Sid       = "DeleteState"
      Action    = ["dynamodb:DeleteItem"]
      Resource  = [aws_dynamodb_table.state.arn]
      Condition = {}
    },
  ]

  may_query_state = [
    {
      Sid    = "QueryState"
      Action = ["dynamodb:Query"]
      Resource = [
        aws_dynamodb_table.state.arn,
        "${aws_dynamodb_table.state.arn}/index/incident-members",
        "${aws_dynamodb_table.state.arn}/index/open-incidents",
        "${aws_dynamodb_table.state.arn}/index/service-incidents",
      ]
      Condition = {}
    },
  ]
}
