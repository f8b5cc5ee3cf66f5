import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouteTable } from '../../../src/gateway/transport/portable/routes.ts'

/** The handlers that a request comes to, by the patterns that they were mounted under. */
function reached(table: RouteTable, method: string, path: string): string[] {
  return [...table.matching(method, path)].map(({ handler, parameters }) => {
    const named: string[] = []
    handler({ writeStatus: (text: string) => void named.push(text) } as never, {} as never)
    return [...named, ...parameters].join(' ')
  })
}

function tableOf(...mounted: readonly (readonly [Parameters<RouteTable['mount']>[0], string])[]): RouteTable {
  const table = new RouteTable()
  for (const [method, pattern] of mounted) {
    table.mount(method, pattern, res => void res.writeStatus(`${method} ${pattern}`))
  }
  return table
}

test('a request comes to fixed parts before parameters before the rest, its own method before any', () => {
  const table = tableOf(
    ['any', '/*'],
    ['any', '/v1/units/:unit'],
    ['get', '/v1/units/:unit'],
    ['get', '/v1/units/nearest'],
    ['del', '/v1/units/:unit'],
    ['get', '/v1/units/:unit/track'],
    ['options', '/*'],
  )
  assert.deepEqual(reached(table, 'GET', '/v1/units/nearest'), [
    'get /v1/units/nearest',
    'get /v1/units/:unit nearest',
    'any /v1/units/:unit nearest',
    'any /*',
  ])
  assert.deepEqual(reached(table, 'DELETE', '/v1/units/a%2Fb'), [
    'del /v1/units/:unit a%2Fb',
    'any /v1/units/:unit a%2Fb',
    'any /*',
  ])
  assert.deepEqual(reached(table, 'GET', '/v1/units/U6/track'), ['get /v1/units/:unit/track U6', 'any /*'])
  assert.deepEqual(reached(table, 'OPTIONS', '/x'), ['options /*', 'any /*'])
})

test('a path is taken letter by letter, and an empty part is no parameter', () => {
  const table = tableOf(['get', '/healthz'], ['get', '/v1/units/:unit'], ['any', '/*'])
  for (const path of ['//healthz', '/healthz/', '/HEALTHZ', '/v1/units/', '/v1/units', '/']) {
    assert.deepEqual(reached(table, 'GET', path), ['any /*'], path)
  }
  assert.deepEqual(reached(table, 'get', '/healthz'), ['any /*'], 'methods are as they are written')
})

test('of two mounted under one pattern the first comes first', () => {
  const order: number[] = []
  const table = new RouteTable()
  for (const each of [1, 2]) table.mount('get', '/a', () => void order.push(each))
  for (const { handler } of table.matching('GET', '/a')) handler({} as never, {} as never)
  assert.deepEqual(order, [1, 2])
})
