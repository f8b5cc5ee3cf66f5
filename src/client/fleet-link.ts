/** The map on a connection: the view of the fleet hears its tiles there, and asks for them. */
import { DEFAULT_FRESHNESS } from '../domain/policy.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { FleetView } from './fleet-view.ts'

export function fleetOn(connection: EngineConnection, commands: Commands): FleetView {
  const { timers, random, time } = connection.device
  return new FleetView({
    timers,
    random,
    time,
    freshness: () => connection.policy ?? DEFAULT_FRESHNESS,
    watch: tiles => commands.request(id => ['watch-tiles', id, tiles], { resend: false, retry: false }),
    refused: refusal => commands.tellRefused(refusal),
    listen: listener => {
      connection.on('opened', () => listener.connectionOpened())
      connection.on('tile', (...fields) => listener.received(['tile', ...fields]))
      connection.on('tile-moves', (...fields) => listener.received(['tile-moves', ...fields]))
      connection.on('lost', () => listener.connectionLost())
      connection.on('ended', () => listener.clientEnded())
      if (connection.isOpen) listener.connectionOpened()
      if (connection.end !== null) listener.clientEnded()
    },
  })
}
