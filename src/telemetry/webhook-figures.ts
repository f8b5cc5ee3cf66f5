/** What is measured of webhooks: messages by what became of them, how far each is behind, and which are stopped. */
import { Counter, Gauge, type Registry } from 'prom-client'

export interface WebhookFigure {
  readonly webhook: string
  readonly region: string
  /** Records that its receiver does not have yet. */
  readonly behind: number
  readonly isStopped: boolean
}

export class WebhookFigures {
  readonly #posts: Counter<'webhook' | 'outcome'>
  /** Read when someone scrapes. */
  #figures: () => readonly WebhookFigure[] = () => []

  constructor(registry: Registry) {
    this.#posts = new Counter({
      name: 'goldenhour_webhook_posts_total',
      help: 'Messages to webhooks by what became of them.',
      labelNames: ['webhook', 'outcome'],
      registers: [registry],
    })
    const gauge = (name: string, help: string, shownOf: (figure: WebhookFigure) => number) => {
      const figures = () => this.#figures()
      new Gauge({
        name,
        help,
        labelNames: ['webhook', 'region'],
        registers: [registry],
        collect() {
          // A region that left this process must not go on showing its last figure.
          this.reset()
          for (const figure of figures()) this.set({ webhook: figure.webhook, region: figure.region }, shownOf(figure))
        },
      })
    }
    gauge(
      'goldenhour_webhook_behind_records',
      'Stored records that the receiver of the webhook does not have yet.',
      ({ behind }) => behind,
    )
    gauge(
      'goldenhour_webhook_stopped',
      '1 while nothing is posted to the webhook until somebody lets it go.',
      ({ isStopped }) => (isStopped ? 1 : 0),
    )
  }

  posted(webhook: string, outcome: 'delivered' | 'failed'): void {
    this.#posts.inc({ webhook, outcome })
  }

  /** Later ones take the place of earlier ones. */
  observe(figures: () => readonly WebhookFigure[]): void {
    this.#figures = figures
  }
}
