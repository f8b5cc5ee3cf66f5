/** How many HTTP requests each route answered, with which class of status, and how long each took. */
import { Histogram, type Registry } from 'prom-client'

/**
 * What a request is counted under: the pattern and method of a route, or a word for what no route takes. Never a path that was
 * sent: whoever asks would make the labels.
 */
export interface RequestLabels {
  readonly route: string
  readonly method: string
}

/** Of a row of the table of routes, so there are as many as it has rows. HEAD counts as the GET that it is answered by. */
export const requestLabels = ({
  method,
  pattern,
}: {
  readonly method: string
  readonly pattern: string
}): RequestLabels => ({
  route: pattern,
  method: method.toUpperCase(),
})

/** What no route takes, whatever its path and method. */
export const NO_ROUTE_TAKES: RequestLabels = { route: 'none', method: 'other' }

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class RequestTimes {
  /** Five classes of status at most for each pair of labels; a pair is there once it was asked for. */
  readonly #seconds: Histogram<'route' | 'method' | 'status'>

  constructor(registry: Registry) {
    this.#seconds = new Histogram({
      name: 'goldenhour_http_request_seconds',
      help: 'From the head of an HTTP request to its answer, by route, method and class of status.',
      labelNames: ['route', 'method', 'status'],
      buckets: BUCKETS_S,
      registers: [registry],
    })
  }

  /** A request has come. Output: call it once, with the status of the answer. */
  begin({ route, method }: RequestLabels): (status: number) => void {
    const end = this.#seconds.startTimer({ route, method })
    return status => {
      end({ status: `${Math.floor(status / 100)}xx` })
    }
  }
}
