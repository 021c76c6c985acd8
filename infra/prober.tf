# A look from outside, as users have it: the flows of the probes file, run every
# minute. Terraform hands the file to the prober, which checks it with the very code
# that will use it, and stores it; if it is not right the apply fails with file, line
# and reason, and the old one stays in force.
#
# The prober here is the home: it runs the flows of this Region, and says for all
# Regions (modules/probe-region) which flow is down.

module "prober" {
  source = "./modules/function"

  name                 = "prober"
  description          = "Runs the flows of the probes file, and says which of them are down"
  deployment           = local.functions
  timeout_seconds      = 58 # it runs every minute
  memory_mb            = 512
  reserved_concurrency = local.reserved_concurrency["prober"]

  environment = {
    WATCHKEEPER_TABLE       = aws_dynamodb_table.state.name
    WATCHKEEPER_HOME_REGION = local.region
  }

  permissions = concat(
    [
      {
        Sid       = "ReadAndWriteFlows"
        Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CONTROL", "FLOW#*", "PROBES"] } }
      },
      local.may_use_key_for["dynamodb"],
    ],
    local.may_read_probe_secrets,
    local.may_ask_models,
  )
}

# ---- What the file says ----------------------------------------------------

locals {
  probes_text = file(var.probes_file)
  probes      = yamldecode(local.probes_text)

  # Only what alarms and permissions need, and forgivingly: what is wrong with the
  # rest, the prober says better.
  probe_regions = try([for region in local.probes.defaults.regions.run : tostring(region)], [])
  probe_list = [
    for flow in try([for flow in local.probes.flows : flow], []) : {
      id       = flow.id
      service  = try(regex("^[!-~](?:[ -~]{0,253}[!-~])?$", flow.service), null)
      priority = try(regex("^P[1-4]$", flow.priority), null)
      regions  = try([for region in flow.regions.run : tostring(region)], local.probe_regions)
      slo      = try({ target = tonumber(flow.slo.target), min_bad = tonumber(try(flow.slo.min_bad, 3)) }, null)
    } if can(regex("^[A-Za-z0-9_.-]{1,64}$", flow.id))
  ]
  # Of two with one name the prober says so.
  probe_flows = { for id, flows in { for flow in local.probe_list : flow.id => flow... } : id => flows[0] }

  # What the prober says of a flow it says under these names, and in its answer which.
  probe_dimensions = {
    for id, flow in local.probe_flows : id => {
      for name, value in { Flow = id, Service = flow.service, Priority = flow.priority } : name => value if value != null
    }
  }

  # `secretsmanager:prod/probe#password`: what is in front of the last `#` names it.
  # A name with a `*` is none.
  probe_secrets = toset([
    for source in try(values(local.probes.secrets), []) :
    regex("^secretsmanager: *([A-Za-z0-9:/_+=.@!-]{1,512})(?:#| *$)", source)[0]
    if can(regex("^secretsmanager: *([A-Za-z0-9:/_+=.@!-]{1,512})(?:#| *$)", source))
  ])

  # A name is the part of an ARN before six characters that AWS adds.
  probe_secret_arns = sort([
    for secret in local.probe_secrets : (
      can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+$", secret))
      ? secret
      : "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${secret}-??????"
    )
  ])

  may_read_probe_secrets = [
    for arns in [local.probe_secret_arns] : {
      Sid       = "ReadProbeSecrets"
      Action    = ["secretsmanager:GetSecretValue"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0
  ]

  may_ask_models = [
    for arns in [sort(var.probe_model_arns)] : {
      Sid       = "AskModels"
      Action    = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0
  ]
}

# ---- It comes into force ---------------------------------------------------

resource "aws_lambda_invocation" "probes" {
  function_name = module.prober.function_name

  input = jsonencode({
    watchkeeper = {
      install_probes = {
        file   = basename(var.probes_file)
        source = local.probes_text # with its line numbers, for what the errors say
        probes = local.probes
      }
    }
  })

  # New code checks the file anew, even if not a letter of it has changed.
  triggers = {
    prober = module.prober.code_sha256
  }

  # Both change the control row.
  depends_on = [aws_lambda_invocation.policy]
}

locals {
  # An answer without a version is not the prober's.
  probes_answer  = try(jsondecode(aws_lambda_invocation.probes.result), {})
  probes_version = try(local.probes_answer.version, "")
}

# ---- For the probers of other Regions ----------------------------------------

locals {
  probe_home = {
    name               = var.name
    partition          = local.partition
    account_id         = local.account_id
    region             = local.region
    dns_suffix         = data.aws_partition.current.dns_suffix
    table_name         = aws_dynamodb_table.state.name
    table_arn          = aws_dynamodb_table.state.arn
    key_arn            = aws_kms_key.this.arn
    secret_arns        = local.probe_secret_arns
    model_arns         = sort(var.probe_model_arns)
    architecture       = var.architecture
    log_retention_days = var.log_retention_days
  }
}
