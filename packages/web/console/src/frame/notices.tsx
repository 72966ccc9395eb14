/** Where the words of `tell.ts` stand: in the corner, and on narrow screens on top, where no button is beneath them. */
import { useMediaQuery } from '@mantine/hooks'
import { Notifications } from '@mantine/notifications'

export function Notices() {
  const isNarrow = useMediaQuery('(max-width: 48em)') === true
  return <Notifications position={isNarrow ? 'top-center' : 'bottom-right'} limit={isNarrow ? 1 : 3} />
}
