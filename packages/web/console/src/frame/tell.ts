/** A word on what became of an action, for some seconds in the corner. */
import { notifications } from '@mantine/notifications'
import { ApiError } from '../api.ts'

export const tellDone = (message: string): void => {
  notifications.show({ message, color: 'teal', role: 'status' })
}

export const tellFailed = (error: unknown, title = 'That did not work'): void => {
  const message = error instanceof ApiError ? `${error.message} ${error.hint}`.trim() : String(error)
  notifications.show({ title, message, color: 'red', role: 'alert', autoClose: 12_000 })
}
