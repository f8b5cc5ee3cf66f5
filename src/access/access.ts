/** Puts together everything that decides who gets in, from the keys in the database to signing in with a password. */

import type { Scheduler } from '../base/time.ts'
import type { Audit } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import { AccessWatch } from './access-watch.ts'
import { CredentialChecker } from './authenticator.ts'
import type { Authenticator, Revocations } from './claims.ts'
import { type OidcIssuer, OidcIssuers } from './oidc.ts'
import { SignInService } from './sign-in.ts'
import { loadOrCreateSigningKey, loadSigningKeys, loadTicketSecrets } from './tables/key-table.ts'
import { RevocationStore } from './tables/revocation-table.ts'
import { TicketMint } from './tickets.ts'
import { KeyRing } from './tokens.ts'

export interface AccessSettings {
  readonly database: Database
  readonly audit: Audit
  readonly policy: {
    readonly accessTokenS: number
    readonly refreshTokenS: number
    readonly sessionMaxAgeS: number
    readonly scryptLogN: number
    readonly oidc: readonly OidcIssuer[]
  }
  readonly scheduler: Scheduler
  readonly wallClock: () => number
  /** Keys and what was ended could not be read again; it is tried again shortly. */
  readonly onFailure: (error: unknown) => void
  /** They could. */
  readonly onSuccess: () => void
  /** An issuer could not be asked for its keys. */
  readonly onIssuerAway: (error: unknown) => void
}

export interface Access {
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly signIn: SignInService
  readonly keys: KeyRing
  close(): Promise<void>
}

/** Errors: those of the database. */
export async function openAccess(settings: AccessSettings): Promise<Access> {
  const { database, audit, policy, scheduler, wallClock, onFailure, onSuccess, onIssuerAway } = settings
  const sessionMaxAgeMs = policy.sessionMaxAgeS * 1_000
  await loadOrCreateSigningKey(database)
  const keys = new KeyRing(await loadSigningKeys(database))
  const tickets = new TicketMint(await loadTicketSecrets(database), sessionMaxAgeMs, wallClock)
  const watch = new AccessWatch({
    database,
    keys,
    tickets,
    scheduler,
    wallClock,
    sessionMaxAgeMs,
    onFailure,
    onSuccess,
  })
  await watch.start()
  return {
    authenticator: new CredentialChecker({
      keys,
      tickets,
      oidc: new OidcIssuers(policy.oidc, onIssuerAway),
      database,
      wallClock,
    }),
    revocations: watch,
    signIn: new SignInService({
      database,
      keys: () => keys.signing,
      keyRing: keys,
      revocations: new RevocationStore(database, wallClock),
      audit,
      policy,
      wallClock,
    }),
    keys,
    close: () => watch.close(),
  }
}
