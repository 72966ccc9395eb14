// Pretends to have timed out while loading.
// ends: would-not-load
throw new Error('Script execution timed out.')
