/** Refuses methods that a path has no route for, and names those that it has. */

import { addressKey } from '../base/ip-address.ts'
import type { Refusal } from '../base/refusal.ts'
import { type HttpPorts, mountOthers, problem } from './http.ts'
import type { Limiter } from './limits/limiter.ts'
import type { Route } from './route.ts'
import type { DoorApp } from './transport/transport.ts'

type Mounted = Pick<Route<never>, 'method' | 'pattern'>

interface OtherMethodsPorts extends HttpPorts {
  readonly limiter: Pick<Limiter, 'takeOpenRequest' | 'beginBody' | 'endBody'>
}

/** What requests count as that no route takes, in the rate of their address. */
export const NO_ROUTE_RATE = '/*'

/** Input: all routes that are mounted. The body of such a request is read and thrown away, so the connection goes on. */
export function mountOtherMethods(app: DoorApp, routes: readonly Mounted[], ports: OtherMethodsPorts): void {
  for (const pattern of new Set(routes.map(route => route.pattern))) {
    const refusal = notAllowed(methodsAt(pattern, routes))
    mountOthers(app, pattern, ports, call => {
      const tooFast = ports.limiter.takeOpenRequest(addressKey(call.address), NO_ROUTE_RATE)
      return tooFast === null ? problem(refusal) : { ...problem(tooFast), closes: true }
    })
  }
}

/** What is answered on paths of this pattern, also by routes that take in more than these. */
function methodsAt(pattern: string, routes: readonly Mounted[]): string[] {
  const at = routes.filter(route => takesIn(route.pattern, pattern)).map(({ method }) => method.toUpperCase())
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(method =>
    at.includes(method === 'HEAD' ? 'GET' : method),
  )
}

/** Whether every path of the one pattern is also one of the other: `/v1/units/nearest` is a `/v1/units/:id`. */
function takesIn(wide: string, narrow: string): boolean {
  const [wideParts, narrowParts] = [wide.split('/'), narrow.split('/')]
  return (
    wideParts.length === narrowParts.length &&
    wideParts.every((part, i) => part.startsWith(':') || part === narrowParts[i])
  )
}

const notAllowed = (allow: readonly string[]): Refusal => ({
  code: 'method-not-allowed',
  message: `This path takes ${allow.join(', ')}; send one of these methods.`,
  details: { allow },
})
