# Are values refused that AWS would refuse later, or that would do harm?

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "good_values_are_taken" {
  variables {
    name                        = "watch-2"
    tags                        = { team = "operations" }
    architecture                = "x86_64"
    probe_model_arns            = ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"]
    log_retention_days          = 3653
    ignored_alarm_name_prefixes = []
    service_events              = ["backup", "cost-anomaly", "ecs", "guardduty", "health", "rds"]
    reserved_concurrency        = { prober = -1, console = 0 }
  }

  assert {
    condition     = output.table_name == "watch-2" && output.function_names.sweeper == "watch-2-sweeper"
    error_message = "Names begin with the deployment's."
  }
}

run "a_name_that_is_too_long" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "a-name-of-more-than-32-characters"
  }
}

run "a_name_that_a_resource_cannot_have" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "Watch_Keeper"
  }
}

run "a_tag_that_would_let_it_mend_itself" {
  command         = plan
  expect_failures = [var.tags]

  variables {
    tags = { watchkeeper = "managed" }
  }
}

run "a_subscription_to_a_topic_that_is_not_there" {
  command         = plan
  expect_failures = [var.subscriptions]

  variables {
    subscriptions = { nobody = [{ protocol = "email", endpoint = "a@example.com" }] }
  }
}

run "signed_links_over_plain_http" {
  command         = plan
  expect_failures = [var.subscriptions, var.failsafe_subscriptions]

  variables {
    subscriptions          = { team = [{ protocol = "http", endpoint = "http://example.com" }] }
    failsafe_subscriptions = [{ protocol = "http", endpoint = "http://example.com" }]
  }
}

run "nobody_hears_the_failsafe" {
  command         = plan
  expect_failures = [check.somebody_hears_the_failsafe]

  variables {
    failsafe_subscriptions = []
  }
}

run "an_empty_prefix_would_ignore_every_alarm" {
  command         = plan
  expect_failures = [var.ignored_alarm_name_prefixes]

  variables {
    ignored_alarm_name_prefixes = ["TargetTracking-", ""]
  }
}

run "events_that_do_not_come_by_eventbridge" {
  command         = plan
  expect_failures = [var.service_events]

  variables {
    service_events = ["ecs", "budgets"]
  }
}

run "a_probes_file_that_is_not_there" {
  command         = plan
  expect_failures = [var.probes_file]

  variables {
    probes_file = "tests/probes/missing.yaml"
  }
}

run "an_architecture_that_lambda_does_not_have" {
  command         = plan
  expect_failures = [var.architecture]

  variables {
    architecture = "riscv64"
  }
}

run "a_concurrency_below_none" {
  command         = plan
  expect_failures = [var.reserved_concurrency]

  variables {
    reserved_concurrency = { sweeper = -2 }
  }
}

run "a_retention_that_cloudwatch_does_not_know" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 100
  }
}

run "a_recovery_window_that_secrets_manager_does_not_know" {
  command         = plan
  expect_failures = [var.secret_recovery_window_in_days]

  variables {
    secret_recovery_window_in_days = 3
  }
}

run "a_link_key_version_below_the_first" {
  command         = plan
  expect_failures = [var.link_key_version]

  variables {
    link_key_version = 0
  }
}

run "a_time_scale_that_the_code_refuses" {
  command         = plan
  expect_failures = [var.drill_time_scale]

  variables {
    drill_time_scale = 10001
  }
}

run "a_young_account_reserves_nothing" {
  command = plan

  variables {
    reserved_concurrency = null
  }

  assert {
    condition     = toset(values(local.reserved_concurrency)) == toset([-1])
    error_message = "null reserves nothing for any function."
  }
}

run "one_function_can_be_changed_alone" {
  command = plan

  variables {
    reserved_concurrency = { console = 50 }
  }

  assert {
    condition     = local.reserved_concurrency["console"] == 50 && local.reserved_concurrency["classifier"] == 20
    error_message = "What is left out keeps its default."
  }
}

run "addresses_subscribe_to_their_topics" {
  variables {
    subscriptions = {
      team      = [{ protocol = "email", endpoint = "team@example.com" }, { protocol = "sms", endpoint = "+12025550100" }]
      page-aiko = [{ protocol = "sms", endpoint = "+12025550100" }]
    }
  }

  assert {
    condition     = toset(keys(aws_sns_topic_subscription.receiver)) == toset(["team:email:team@example.com", "team:sms:+12025550100", "page-aiko:sms:+12025550100"])
    error_message = "Each address subscribes once to each of its topics."
  }

  assert {
    condition     = output.topics_without_subscribers == tolist(["everybody", "pager-is-down"])
    error_message = "Topics that nobody hears are named."
  }
}
