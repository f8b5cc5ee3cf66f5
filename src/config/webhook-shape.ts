/** What the configuration says of one webhook. */
import { z } from 'zod'
import { WEBHOOK_SECRET, webhookSecretsIn } from '../base/webhook-secret.ts'
import { isText, isWebhookUrl } from './values.ts'

const NAME = '1 to 32 characters of a-z 0-9 -'
const URL_OF_ONE = 'an http or https URL without a user, a password or a #'
const that = (must: string, fits: (value: string) => boolean) =>
  z.string(`must be ${must}`).refine(fits, `must be ${must}`)
const TIMEOUT = 'must be a whole number from 100 to 60000'

export const WEBHOOK_SHAPE = {
  name: that(NAME, value => /^[a-z0-9-]{1,32}$/.test(value)),
  url: that(URL_OF_ONE, isWebhookUrl),
  secret: that(WEBHOOK_SECRET, value => webhookSecretsIn(value) !== null)
    .nullable()
    .default(null),
  secretFile: that('a path', isText).nullable().default(null),
  /** Whether there is one of a name is for whoever reads the log. */
  events: z
    .array(that('the name of an event, such as TripClosed', value => /^[A-Z][A-Za-z]+$/.test(value)))
    .default([]),
  regions: z.array(that('a region', value => /^[a-z0-9]{1,16}$/.test(value))).default([]),
  personalData: z.boolean('must be true or false').default(false),
  timeoutMs: z.int(TIMEOUT).min(100, TIMEOUT).max(60_000, TIMEOUT).default(15_000),
}
