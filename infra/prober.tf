# A look from outside: each round is one HTTP GET of `probe_url`. It knows nothing
# of the state and needs no permissions: its metrics leave through its log, in the
# embedded metric format.

module "prober" {
  source = "./modules/function"

  name                 = "prober"
  description          = "Requests an address, and measures whether and how fast it answers"
  deployment           = local.functions
  timeout_seconds      = 60
  reserved_concurrency = local.reserved_concurrency["prober"]

  environment = {
    WATCHKEEPER_PROBE_URL = var.probe_url
  }

  permissions = []
}
