/** How the engine lets strangers in. The operator chooses all of it. */
import type { Limits } from '../protocol/limits.ts'

export interface DoorPolicy {
  readonly limits: Limits
  /** Origins whose pages may connect and call; `*` for all. Programs send none and are always let in. */
  readonly allowedOrigins: readonly string[]
  /** CIDRs of proxies whose `Forwarded` headers are believed. */
  readonly trustedProxies: readonly string[]
  /** CIDRs that `/metrics` is shown to, besides this machine. */
  readonly metricsFrom: readonly string[]
  /** Host names that we are reached by; empty: whatever a client calls us. */
  readonly ownNames: readonly string[]
  /** How old a session may get, over all its reconnects. */
  readonly sessionMaxAgeMs: number
}
