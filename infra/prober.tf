# One round of synthetic flows, from outside. It needs no permissions: its
# metrics leave through its log, in the embedded metric format.

module "prober" {
  source = "./modules/function"

  name                 = "prober"
  description          = "Probes from outside"
  deployment           = local.functions
  timeout_seconds      = 60
  reserved_concurrency = local.reserved_concurrency["prober"]

  environment = {
    WATCHKEEPER_TABLE     = aws_dynamodb_table.state.name
    WATCHKEEPER_PROBE_URL = var.probe_url
  }

  permissions = []
}
