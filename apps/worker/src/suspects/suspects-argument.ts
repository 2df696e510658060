/** The worker's program, told to run suspects. */
export const suspectsArgument = "suspects";
