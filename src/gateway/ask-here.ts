/**
 * Asks a program of this machine, which may be ours, one question over HTTP, bounded in time and in the size of the answer.
 */
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'

interface AnswerHere {
  /** 0 where none came. */
  readonly status: number
  /** As much as came in time and within the bound. */
  readonly text: string
}

interface Bounds {
  readonly withinMs: number
  readonly charsMax: number
}

/** Input: `protocol` with its colon. Errors: none; what went wrong matters to nobody, and it comes to its end all the same. */
export function askHere(where: RequestOptions, { withinMs, charsMax }: Bounds): Promise<AnswerHere> {
  return new Promise(resolve => {
    const request = where.protocol === 'https:' ? httpsRequest : httpRequest
    let status = 0
    let text = ''
    // It is this machine that is asked, and the certificate is of another name.
    const asked = request({ ...where, rejectUnauthorized: false, agent: false } as RequestOptions, response => {
      status = response.statusCode ?? 0
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > charsMax) asked.destroy()
      })
    })
    const limit = setTimeout(() => asked.destroy(), withinMs)
    asked.on('error', () => undefined)
    asked.once('close', () => {
      clearTimeout(limit)
      resolve({ status, text })
    })
    asked.end()
  })
}
