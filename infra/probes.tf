# Who hears of what the prober sees: alarms on its metrics. They come in as any other
# (ingest.tf), and the classifier adds which step failed, why, and where.

locals {
  probe_namespace = "Watchkeeper/Probes"
}

# One for each flow. How many runs and Regions it takes, the prober has weighed
# already. It says every minute of every flow whether it is down: no word at all is a
# fault, too, which CloudWatch takes five or six minutes to believe.
resource "aws_cloudwatch_metric_alarm" "flow" {
  for_each = local.probe_flows

  alarm_name        = "${var.name}-probe-${each.key}"
  alarm_description = "Users cannot do what the flow ${each.key} does${each.value.service == null ? "" : ", of service ${each.value.service}"}, or the prober is silent. `watchkeeper probes show ${each.key}` has its last runs."

  namespace   = local.probe_namespace
  metric_name = "Down"
  dimensions  = local.probe_dimensions[each.key]
  statistic   = "Maximum"
  period      = 60

  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  lifecycle {
    precondition {
      condition     = local.probes_version != ""
      error_message = "The prober did not say which probes file is in force. It answered: ${aws_lambda_invocation.probes.result}. Deploy one that does, or ask again: terraform apply -replace=aws_lambda_invocation.probes"
    }

    # Of a metric that there is not an alarm would go off, and never end.
    precondition {
      condition     = try(local.probes_answer.dimensions[each.key] == local.probe_dimensions[each.key], local.probes_version == "")
      error_message = "${basename(var.probes_file)}: the prober counts the flow ${each.key} otherwise than infra/prober.tf reads it: ${try(jsonencode(local.probes_answer.dimensions[each.key]), "it knows none of that name")} instead of ${jsonencode(local.probe_dimensions[each.key])}. Write its `id`, `service` and `priority` out, as plain text."
    }
  }
}

# A Region from which nothing is heard: its prober is gone, or cannot reach the table.
# That is a fault of Watchkeeper's own, and no flow is called down for it.
resource "aws_cloudwatch_metric_alarm" "silent_regions" {
  count = length(local.probe_flows) > 0 ? 1 : 0

  alarm_name        = "${local.own_alarm_prefix}prober-regions-silent"
  alarm_description = "A Region that flows name has reported nothing for a while: see the log of its prober, whether its schedule is enabled, and whether modules/probe-region is applied there."

  namespace   = local.probe_namespace
  metric_name = "SilentRegions"
  dimensions  = { Function = module.prober.function_name }
  statistic   = "Maximum"
  period      = 60

  # Right after a Region was added its prober has not run yet.
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # the flows' own alarms hear of a silent home

  alarm_actions = [aws_sns_topic.failsafe.arn]
  ok_actions    = [aws_sns_topic.failsafe.arn]
}

# ---- Error budgets ---------------------------------------------------------
#
# How fast a flow burns what its objective lets fail: the share of bad runs over the
# share that may be bad. A long window says that it matters, a short one that it is
# still so (Google's SRE workbook, chapter 5). Runs in this Region count.

locals {
  # These eight alarms cost 1.60 dollars a month for each flow, since each reads two
  # metrics, and the two composite ones of burn_rules 1.00.
  burn_windows = {
    "1h"  = { seconds = 3600, factor = 14.4, is_long = true }
    "5m"  = { seconds = 300, factor = 14.4, is_long = false }
    "6h"  = { seconds = 21600, factor = 6, is_long = true }
    "30m" = { seconds = 1800, factor = 6, is_long = false }
    "1d"  = { seconds = 86400, factor = 3, is_long = true }
    "2h"  = { seconds = 7200, factor = 3, is_long = false }
    "3d"  = { seconds = 259200, factor = 1, is_long = true }
    # Beside the one of a fast burn, with another factor.
    "6h-slow" = { seconds = 21600, factor = 1, is_long = false }
  }

  burn_rules = {
    fast = { pairs = [["1h", "5m"], ["6h", "30m"]], speed = "many times faster than" }
    slow = { pairs = [["1d", "2h"], ["3d", "6h-slow"]], speed = "faster than" }
  }

  probe_slos = { for id, flow in local.probe_flows : id => flow if flow.slo != null && (length(flow.regions) == 0 || contains(flow.regions, local.region)) }

  burn_alarms = merge([
    for id, flow in local.probe_slos : {
      for window, it in local.burn_windows : "${id}/${window}" => merge(it, {
        flow   = id
        name   = "${local.burn_alarm_prefix}${id}-${window}"
        budget = 1 - flow.slo.target / 100
        # Among few runs one bad one would be a page.
        min_bad = it.is_long ? flow.slo.min_bad : 1
      })
    }
  ]...)

  burn_composites = merge([
    for id, flow in local.probe_slos : {
      for speed, it in local.burn_rules : "${id}/${speed}" => {
        name        = "${var.name}-slo-${id}-${speed}"
        description = "The flow ${id}${flow.service == null ? "" : ", of service ${flow.service}"}, uses up its error budget ${it.speed} it may: ${flow.slo.target} % of its runs must be good."
        rule        = join(" OR ", [for pair in it.pairs : "(${join(" AND ", [for window in pair : "ALARM(\"${local.burn_alarm_prefix}${id}-${window}\")"])})"])
      }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "burn" {
  for_each = local.burn_alarms

  alarm_name        = each.value.name
  alarm_description = "A part of the alarm on the error budget of flow ${each.value.flow}."

  metric_query {
    id          = "burn"
    label       = "How many times faster than it may"
    return_data = true
    expression  = format("IF(total - good >= %d, ((total - good) / total) / %.8f, 0)", each.value.min_bad, each.value.budget)
  }

  dynamic "metric_query" {
    for_each = { good = "Sum", total = "SampleCount" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.probe_namespace
        metric_name = "Success"
        dimensions  = { Flow = each.value.flow, Region = local.region }
        stat        = metric_query.value
        period      = each.value.seconds
      }
    }
  }

  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.factor
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_composite_alarm" "burn" {
  for_each = local.burn_composites

  alarm_name        = each.value.name
  alarm_description = each.value.description
  alarm_rule        = each.value.rule

  # A composite is refused whose parts are not there.
  depends_on = [aws_cloudwatch_metric_alarm.burn]
}
