export const loadSamples = async () => [];
