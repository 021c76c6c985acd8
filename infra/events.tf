# Events of other AWS services, for whoever asks for them (`service_events`): what
# no alarm tells. Of each service only trouble comes in, and what ends it; the
# rest of what it says would be noise. AWS sends them to the default bus of the
# region by itself. What the classifier makes of each, the samples in ../events
# show.

locals {
  ends_of_backup_jobs = ["ABORTED", "COMPLETED", "EXPIRED", "FAILED", "PARTIAL"]

  service_event_patterns = {
    # Jobs that did not end well, and those that did: they end the trouble of the
    # same resource, but not of an earlier restore. A restore job says `status` where
    # others say `state`.
    backup = {
      source      = ["aws.backup"]
      detail-type = ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"]
      detail      = { "$or" = [{ state = local.ends_of_backup_jobs }, { status = local.ends_of_backup_jobs }] }
    }

    # Cost Anomaly Detection speaks in us-east-1 only. How large an anomaly must be
    # is said there, in its alert subscription.
    cost-anomaly = {
      source      = ["aws.ce"]
      detail-type = ["Anomaly Detected"]
    }

    # A deployment that failed is ended by one that was completed, as a rollback is;
    # trouble with tasks by the service's steady state, which ECS reports again and
    # again. Failed deployments are only told of a service with a circuit breaker.
    ecs = {
      source      = ["aws.ecs"]
      detail-type = ["ECS Deployment State Change", "ECS Service Action"]
      detail = {
        eventName = [
          "SERVICE_DEPLOYMENT_COMPLETED",
          "SERVICE_DEPLOYMENT_FAILED",
          "SERVICE_STEADY_STATE",
          "SERVICE_TASK_CONFIGURATION_FAILURE",
          "SERVICE_TASK_PLACEMENT_FAILURE",
          "SERVICE_TASK_START_IMPAIRED",
        ]
      }
    }

    # Findings from medium severity up.
    guardduty = {
      source      = ["aws.guardduty"]
      detail-type = ["GuardDuty Finding"]
      detail      = { severity = [{ numeric = [">=", 4] }] }
    }

    # Something is wrong with AWS itself, or is not any more; neither planned changes
    # nor notices. us-west-2 (for itself, us-east-1) is sent the public ones of every
    # region as well, so the region that it is about must be this one. What is about
    # none comes in us-east-1 and us-west-2.
    health = {
      source      = ["aws.health"]
      detail-type = ["AWS Health Event"]
      detail = {
        eventRegion       = [local.region, "global"]
        eventTypeCategory = ["investigation", "issue"]
      }
    }

    # What the classifier reads as an alarm or its end is in these categories, but
    # for the end of a shortage of storage, which is a change of configuration. The
    # number of an event may be missing, so it is not asked for.
    rds = {
      source      = ["aws.rds"]
      detail-type = ["RDS DB Cluster Event", "RDS DB Instance Event"]
      detail = {
        "$or" = [
          { EventCategories = ["availability", "failover", "failure", "low storage", "read replica", "recovery"] },
          { Message = [{ wildcard = "Finished applying*modification to allocated storage*" }] },
        ]
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "service" {
  for_each = { for service, pattern in local.service_event_patterns : service => jsonencode(pattern) if contains(var.service_events, service) }

  name          = "${var.name}-events-${each.key}"
  description   = "Events of other AWS services: ${each.key}"
  event_pattern = each.value
}

resource "aws_cloudwatch_event_target" "service" {
  for_each = aws_cloudwatch_event_rule.service

  rule      = each.value.name
  target_id = "classifier"
  arn       = module.classifier.function_arn

  # As with alarms (ingest.tf).
  retry_policy {
    maximum_event_age_in_seconds = 24 * 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_lambda_permission.service_events]

  lifecycle {
    precondition {
      condition     = local.policy_is_in_force
      error_message = local.policy_is_missing
    }
  }
}

resource "aws_lambda_permission" "service_events" {
  for_each = aws_cloudwatch_event_rule.service

  statement_id  = "events-${each.key}"
  function_name = module.classifier.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}
