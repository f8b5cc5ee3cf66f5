/** What a start would meet beside its settings: transport, certificate, webhooks, open files, database and port, looked at without a change. */
import type { Config } from '../config/index.ts'
import { fittedToFiles, openFilesMax } from '../gateway/limits/open-files.ts'
import { portTrouble } from '../gateway/port-holder.ts'
import { checkCertificate } from '../gateway/tls.ts'
import { chooseTransport } from '../gateway/transport/choose.ts'
import { openWebhooks } from '../integrations/webhooks/webhook.ts'
import { checkDatabase } from '../store/embedded/database-server.ts'

export interface StartOutlook {
  /** For each an engine would not start. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Errors: none of the world's; what is wrong stands in the outlook. */
export async function lookAtStart(config: Config): Promise<StartOutlook> {
  const warnings: string[] = []
  const warn = (warning: string) => void warnings.push(warning)
  const looks: (() => void | Promise<void>)[] = [
    () => lookAtTransport(config, warn),
    () => lookAtCertificate(config, warn),
    () => void openWebhooks(config.webhooks),
    // What is lowered to them is the engine's to tell; too few are none.
    () => void fittedToFiles(config.limits, config.filesKept, openFilesMax()),
    () => checkDatabase(config, warn),
    () => lookAtPort(config, warn),
  ]
  const outcomes = await Promise.allSettled(looks.map(async look => look()))
  const problems = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []))
  return { problems, warnings }
}

type Warn = (warning: string) => void

function lookAtTransport({ transport }: Config, warn: Warn): void {
  const { insteadOfNative } = chooseTransport(transport)
  if (insteadOfNative !== null) warn(`the portable transport takes the place of the native one: ${insteadOfNative}`)
}

function lookAtCertificate({ tls }: Config, warn: Warn): void {
  if (tls === null) return
  const goodUntil = checkCertificate(tls)
  if (goodUntil.getTime() < Date.now()) {
    warn(`the certificate ${tls.certFile} has expired (${goodUntil.toISOString()}); replace it`)
  }
}

async function lookAtPort(config: Config, warn: Warn): Promise<void> {
  const trouble = await portTrouble(config)
  if (trouble === null) return
  if (trouble.holder === null || trouble.holder.goldenhourOver === null) throw trouble
  const process = trouble.holder.pid === null ? '' : ` (process ${trouble.holder.pid})`
  warn(`another Goldenhour has the port ${config.port}${process}; on the same database a start waits until it stops`)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
