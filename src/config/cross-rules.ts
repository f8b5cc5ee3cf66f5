/** What settings must be to each other, once each is good by itself. */
import type { Values } from './schema.ts'
import { isSafeUrl } from './values.ts'

/** One rule over several settings; `holds` is asked only when all of them are good by themselves. */
export interface CrossRule {
  readonly keys: readonly string[]
  /** A sentence that names the settings, and what to do. */
  readonly message: string
  holds(values: Values): boolean
}

/** Each has a page of the log and a message in memory. */
const WEBHOOKS_MAX = 16

const rule = (keys: readonly string[], holds: CrossRule['holds'], message: string): CrossRule => ({
  keys,
  holds,
  message,
})

export const CROSS_RULES: readonly CrossRule[] = [
  rule(
    ['tls.certFile', 'tls.keyFile'],
    ({ tls }) => (tls.certFile === null) === (tls.keyFile === null),
    'tls.certFile and tls.keyFile must be set together, or neither.',
  ),
  rule(
    ['map.tiles', 'map.attribution'],
    ({ map }) => (map.tiles === null) === (map.attribution === null),
    'map.tiles and map.attribution must be set together, or neither: the pictures have an owner, who is named on the map.',
  ),
  rule(
    ['limits.thinBytes', 'limits.backpressureBytes'],
    ({ limits: { thinBytes, backpressureBytes } }) => thinBytes < backpressureBytes,
    'limits.thinBytes must be less than limits.backpressureBytes: a console is thinned before it is cut off.',
  ),
  ...(['driver', 'desk', 'feed'] as const).map(who =>
    rule(
      ['limits.stringBytes', `limits.frameBytes.${who}`],
      ({ limits: { stringBytes, frameBytes: frames } }) => stringBytes <= frames[who],
      `limits.stringBytes must be at most limits.frameBytes.${who}: a string lies in its frame.`,
    ),
  ),
  ...(['driver', 'desk', 'feed'] as const).map(who =>
    rule(
      [`limits.frameBytes.${who}`, 'limits.backpressureBytes'],
      ({ limits: { frameBytes: frames, backpressureBytes } }) => frames[who] <= backpressureBytes,
      `limits.frameBytes.${who} must be at most limits.backpressureBytes.`,
    ),
  ),
  rule(
    ['limits.fixesPerFrame', 'limits.rates.fix.connectionPerS', 'limits.rates.fix.burstS'],
    ({
      limits: {
        fixesPerFrame,
        rates: { fix },
      },
    }) => fixesPerFrame <= fix.connectionPerS * fix.burstS,
    'limits.rates.fix.connectionPerS times its burstS must be at least limits.fixesPerFrame: else a full frame is ' +
      'never taken.',
  ),
  rule(
    ['limits.feedFixesPerFrame', 'limits.rates.feedFix.connectionPerS', 'limits.rates.feedFix.burstS'],
    ({
      limits: {
        feedFixesPerFrame,
        rates: { feedFix },
      },
    }) => feedFixesPerFrame <= feedFix.connectionPerS * feedFix.burstS,
    'limits.rates.feedFix.connectionPerS times its burstS must be at least limits.feedFixesPerFrame: else a full frame ' +
      'is never taken.',
  ),
  rule(
    ['auth.accessTokenS', 'auth.sessionMaxAgeS'],
    ({ auth: { accessTokenS, sessionMaxAgeS } }) => accessTokenS <= sessionMaxAgeS,
    'auth.accessTokenS must be at most auth.sessionMaxAgeS.',
  ),
  rule(
    ['auth.oidc'],
    ({ auth: { oidc } }) => new Set(oidc.map(({ prefix }) => prefix)).size === oidc.length,
    'auth.oidc must not have two issuers with one prefix: their subjects could not be told apart.',
  ),
  rule(
    ['auth.oidc'],
    ({ auth: { oidc } }) => new Set(oidc.map(({ issuer }) => issuer)).size === oidc.length,
    'auth.oidc must not have an issuer twice.',
  ),
  rule(
    ['webhooks'],
    ({ webhooks }) =>
      new Set(webhooks.map(({ name }) => name)).size === webhooks.length && webhooks.length <= WEBHOOKS_MAX,
    `webhooks must be at most ${WEBHOOKS_MAX}, each with a name of its own.`,
  ),
  rule(
    ['webhooks'],
    ({ webhooks }) => webhooks.every(({ secret, secretFile }) => (secret === null) !== (secretFile === null)),
    'webhooks must each have either secret or secretFile.',
  ),
  rule(
    ['webhooks'],
    ({ webhooks }) => webhooks.every(({ personalData, url }) => !personalData || isSafeUrl(url)),
    'webhooks with personalData must have an https URL, or http on loopback: what they carry is of patients.',
  ),
]
