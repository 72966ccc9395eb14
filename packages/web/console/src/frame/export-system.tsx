/** Takes a system along as a package in a zip, without its key, secret and passwords. */
import { Button } from '@mantine/core'
import { IconFileExport } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { send } from '../api.ts'
import { tellDone, tellFailed } from './tell.ts'

export function ExportSystem({ systemKey, name }: { systemKey: string; name: string }) {
  const taking = useMutation({
    mutationFn: async () => {
      const response = await send(`/admin/v/4/system/${systemKey}/export`, { accept: 'application/zip' })
      const address = URL.createObjectURL(await response.blob())
      Object.assign(document.createElement('a'), { href: address, download: `${name}.zip` }).click()
      URL.revokeObjectURL(address)
    },
    onSuccess: () => tellDone(`${name} is exported as a zip. It installs again as a package.`),
    onError: (error) => tellFailed(error, 'Nothing was exported'),
  })
  return (
    <Button
      variant="default"
      leftSection={<IconFileExport size={16} />}
      loading={taking.isPending}
      onClick={() => taking.mutate()}
    >
      Export
    </Button>
  )
}
