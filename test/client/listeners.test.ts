/** News for the parts of a client comes in the order of the parts, and a part may stop it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Listeners } from '../../src/client/listeners.ts'

interface News {
  moved: [unitId: string, toM: number]
  ended: []
}

function listeners() {
  const news = new Listeners<News>()
  const heard: string[] = []
  return { news, heard }
}

test('each kind of news is told with its own words, in the order in which its hearers came', () => {
  const { news, heard } = listeners()
  news.on('moved', (unitId, toM) => heard.push(`first ${unitId} ${toM}`))
  const stop = news.on('moved', unitId => heard.push(`second ${unitId}`))
  news.on('ended', () => heard.push('ended'))
  news.tell('moved', ['A1', 7])
  stop()
  news.tell('moved', ['A2', 8])
  news.tell('ended', [])
  assert.deepEqual(heard, ['first A1 7', 'second A1', 'first A2 8', 'ended'])
})

test('those behind a hearer that has changed what the news is about are not told', () => {
  const { news, heard } = listeners()
  let isOpen = true
  news.on('ended', () => {
    heard.push('first')
    isOpen = false
  })
  news.on('ended', () => heard.push('second'))
  news.tell('ended', [], () => isOpen)
  assert.deepEqual(heard, ['first'])
})

test('what a hearer throws goes to the teller, and those behind are not told', () => {
  const { news, heard } = listeners()
  news.on('ended', () => {
    throw new Error('makes no sense')
  })
  news.on('ended', () => heard.push('second'))
  assert.throws(() => news.tell('ended', []), /makes no sense/)
  assert.deepEqual(heard, [])
})
