/** The session as React sees it. */
import { useSyncExternalStore } from 'react'
import { onSession, type Session, session } from './api.ts'

export const useSession = (): Session | undefined => useSyncExternalStore(onSession, session)
