/** One webhook as it is used: who is told what, and the secrets that its messages are signed with. */
import { readFileSync } from 'node:fs'
import { WEBHOOK_SECRET, webhookSecretsIn } from '../../base/webhook-secret.ts'
import { EVENT_TYPES } from '../../store/log/event-forms.ts'

/** As the configuration has it. */
interface WebhookAsSet {
  readonly name: string
  readonly url: string
  readonly secret: string | null
  readonly secretFile: string | null
  readonly events: readonly string[]
  readonly regions: readonly string[]
  readonly personalData: boolean
  readonly timeoutMs: number
}

export interface Webhook extends Omit<WebhookAsSet, 'secret' | 'secretFile' | 'events'> {
  readonly secrets: readonly Buffer[]
  /** Null: all. */
  readonly events: ReadonlySet<string> | null
}

/** A webhook cannot be used as it is set; the message says what to do. */
export class WebhookUnfit extends Error {
  override readonly name = 'WebhookUnfit'
}

/** Errors: WebhookUnfit, at the first that is. */
export function openWebhooks(webhooks: readonly WebhookAsSet[]): Webhook[] {
  return webhooks.map(({ secret, secretFile, events, ...hook }) => {
    const unknown = events.find(type => !(EVENT_TYPES as readonly string[]).includes(type))
    if (unknown !== undefined)
      throw new WebhookUnfit(
        `The webhook ${hook.name} asks for ${unknown}, which is no event; docs/protocol/events.md lists them.`,
      )
    const secrets = webhookSecretsIn(secret ?? secretIn(hook.name, secretFile!))
    if (secrets === null) throw new WebhookUnfit(`The secret of the webhook ${hook.name} must be ${WEBHOOK_SECRET}.`)
    return { ...hook, secrets, events: events.length === 0 ? null : new Set(events) }
  })
}

function secretIn(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new WebhookUnfit(`The secret of the webhook ${name} cannot be read from ${file} (${code}).`)
  }
}
