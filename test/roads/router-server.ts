/** A routing server on loopback that answers what a test says, and keeps what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface AskedOf {
  readonly method: string
  readonly url: string
  readonly body: string
}

type Answer = (response: ServerResponse, asked: AskedOf) => void

export interface RouterServer {
  readonly baseUrl: string
  readonly asked: AskedOf[]
  answer: Answer
  close(): Promise<void>
}

export async function routerServer(): Promise<RouterServer> {
  const asked: AskedOf[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const one = { method: request.method!, url: request.url!, body: Buffer.concat(chunks).toString() }
      asked.push(one)
      self.answer(response, one)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const self: RouterServer = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: response => response.writeHead(404).end(),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return self
}

export const json =
  (value: unknown, status = 200): Answer =>
  response =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

export const text =
  (value: string, status = 200): Answer =>
  response =>
    response.writeHead(status).end(value)
