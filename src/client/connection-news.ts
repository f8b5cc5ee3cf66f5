/** What a connection tells those who send and hear by it. */
import type { StreamDeclaration } from '../protocol/wire/fix-tuples.ts'
import type { ServerTuples } from '../protocol/wire/server-tuples.ts'
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'
import type { ClientClosed, ClientFault } from './errors.ts'
import type { Hello } from './region-time.ts'

/** What a hello said that its `welcome` has to be read against. */
export interface Greeting extends Hello {
  readonly id: string
  readonly streams: readonly StreamDeclaration[]
}

/** How the connection itself fares. */
interface ConnectionLife {
  /** The server has let this client in: messages flow, until `lost`. */
  opened: [welcome: WelcomeView, greeting: Greeting]
  /** A heartbeat of an open connection. */
  beat: []
  /** An open connection is gone, for now or for good, with all that was under way. */
  lost: []
  /** This connection, or the attempt to make it, was given up; another one follows. */
  setback: [fault: ClientFault]
  /** There will be no other connection; what waits for one still waits. */
  ending: [end: ClientClosed]
  /** There will be no other connection, and none is there. */
  ended: [end: ClientClosed]
}

/** By their names the server's messages on an open connection, each with the fields that the table of messages gives it. */
export type ConnectionNews = ConnectionLife & Omit<ServerTuples, 'welcome'>
