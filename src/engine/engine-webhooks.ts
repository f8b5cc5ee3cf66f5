/** The webhooks of an engine: posted while it runs, for the regions whose memory is here, and ended with it. */
import { randomInt } from 'node:crypto'
import type { RegionHost } from '../actors/region-host.ts'
import { systemClock } from '../base/time.ts'
import type { Webhook } from '../integrations/webhooks/webhook.ts'
import { WebhookSender } from '../integrations/webhooks/webhook-sender.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { KeepPorts } from './engine-views.ts'

interface KeepWebhooksPorts extends KeepPorts {
  readonly metrics: Metrics
  readonly hosts: () => readonly RegionHost[]
}

const CHANCES = 2 ** 32

export function keepWebhooks(webhooks: readonly Webhook[], ports: KeepWebhooksPorts): void {
  const { database, log, outages, endings, metrics, hosts } = ports
  const served = () =>
    hosts().flatMap(({ regionId, region }) => (region === null ? [] : [[regionId, region.logDurable] as const]))
  const senders = webhooks.map(hook => {
    const { name } = hook
    const who = (region: string | null) => (region === null ? name : `${name}/${region}`)
    return new WebhookSender(hook, {
      ...{ database, clock: systemClock, random: () => randomInt(CHANCES) / CHANCES, served },
      onDelivered: () => metrics.webhooks.posted(name, 'delivered'),
      onFailure: (region, error) => {
        if (region !== null) metrics.webhooks.posted(name, 'failed')
        outages.failed('webhooks', error, who(region))
      },
      onOver: region => outages.worked('webhooks', who(region)),
      onStopped: (region, why) =>
        log.error(
          { webhook: name, region, why },
          'a webhook is stopped; "goldenhour webhooks go" lets it go on where it stands',
        ),
    })
  })
  for (const sender of senders) {
    sender.start()
    endings.add('a webhook', () => sender.stop())
  }
  metrics.webhooks.observe(() => {
    const durable = new Map(served())
    return senders.flatMap(sender =>
      sender.cursors().map(({ hook, region, position, stopped }) => {
        const behind = Math.max(0, (durable.get(region) ?? position) - position)
        return { webhook: hook, region, behind, isStopped: stopped !== null }
      }),
    )
  })
}
