/** What is measured of the routing server that "nearest" is asked of, where there is one. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { ROUTING_BUCKETS_S } from './buckets.ts'

export class RoutingCounts {
  readonly #answers: Counter<'outcome'>
  readonly #seconds: Histogram
  readonly #leftAlone: Gauge

  constructor(registry: Registry) {
    const registers = [registry]
    this.#answers = new Counter({
      name: 'goldenhour_routing_server_questions_total',
      help: 'Answers of "nearest" that were to go by the routing server: answered, or why the own times stood.',
      labelNames: ['outcome'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'goldenhour_routing_server_seconds',
      help: 'How long a question to the routing server took until its answer, or until it was given up.',
      buckets: ROUTING_BUCKETS_S,
      registers,
    })
    this.#leftAlone = new Gauge({
      name: 'goldenhour_routing_server_left_alone',
      help: '1 while the routing server is not asked, since it failed again and again.',
      registers,
    })
  }

  /** Input: `answered`, or a word of a closed list that says why not. */
  answered(outcome: string): void {
    this.#answers.inc({ outcome })
  }

  waited(seconds: number): void {
    this.#seconds.observe(seconds)
  }

  leftAlone(isLeftAlone: boolean): void {
    this.#leftAlone.set(isLeftAlone ? 1 : 0)
  }
}
