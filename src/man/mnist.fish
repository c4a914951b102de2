# Completion for fish. Lines between "made by" and "end" are printed by the program: scripts/manual.sh renews them.

# Each row is for a command under both its names.
function __mnist_complete
    complete -c mnist-$argv[1] $argv[2..]
    complete -c mnist -n "__fish_seen_subcommand_from $argv[1]; and not __fish_seen_subcommand_from help" $argv[2..]
end

# made by mnist --help=fish
complete -c mnist -n __fish_use_subcommand -f -a train -d "train on MNIST and write a model file"
complete -c mnist -n __fish_use_subcommand -f -a eval -d "evaluate a model file"
complete -c mnist -n __fish_use_subcommand -f -a show -d "show samples, or a model's weights, as pictures"
complete -c mnist -n __fish_use_subcommand -f -a predict -d "read your own digits, from pictures of any size"
# end
complete -c mnist -n __fish_use_subcommand -f -a help -d "print help and exit"
complete -c mnist -n __fish_use_subcommand -f -l help -d "print help and exit"
complete -c mnist -n __fish_use_subcommand -f -l version -d "print the version and exit"
complete -c mnist -n "__fish_seen_subcommand_from help; and not __fish_seen_subcommand_from train eval show predict" \
    -f -a "train eval show predict"
# made by mnist-train --help=fish
__mnist_complete train -f
__mnist_complete train -l epochs -x -d "passes over the training images, at most"
__mnist_complete train -l lr -x -d "learning rate, at the schedule's peak"
__mnist_complete train -l batch -x -d "images a step"
__mnist_complete train -l l2 -x -d "adds F/2 times the sum of squared weights to the loss"
__mnist_complete train -l dropout -x -d "share of hidden units silenced in a step"
__mnist_complete train -l patience -x -d "epochs without a lower validation loss before it stops; 0: never"
__mnist_complete train -l val -x -d "images set aside for validation; 0: none, the last weights are kept"
__mnist_complete train -l schedule -x -a 'constant cosine step' -d "learning rate over time"
__mnist_complete train -l warmup -x -d "epochs in which the learning rate rises to its peak"
__mnist_complete train -l label-smoothing -x -d "share of each target that is spread over all classes"
__mnist_complete train -l ema -x -d "keep an average of the weights with this decay a step; 0: the last weights"
__mnist_complete train -l seed -x -d "same seed and options, same model, byte for byte"
__mnist_complete train -l preset -x -a 'none best' -d "a recipe; other options override it"
__mnist_complete train -l augment -d "augment each image, afresh each time"
__mnist_complete train -l rotate -x -d "turn by up to this many degrees"
__mnist_complete train -l scale -x -d "stretch each axis by up to this share"
__mnist_complete train -l shear -x -d "slant by up to this many pixels a pixel"
__mnist_complete train -l shift -x -d "move along each axis by up to this many pixels"
__mnist_complete train -l elastic -x -d "bend, by this many pixels of standard deviation"
__mnist_complete train -l no-augment -d "no augmentation, whatever the preset says"
__mnist_complete train -l data -x -a '(__fish_complete_directories)' -d "folder with the four MNIST files"
__mnist_complete train -l out -s o -r -F -d "model file to write"
__mnist_complete train -l checkpoint -r -F -d "write what --resume needs after each epoch"
__mnist_complete train -l resume -r -F -d "go on from a checkpoint, and keep it up to date"
__mnist_complete train -l log -r -F -d "append JSON Lines to this file"
__mnist_complete train -l report -r -F -d "write a report with curves and pictures, one HTML file"
__mnist_complete train -l max-seconds -x -d "stop after this time, keep the best weights; 0: no limit"
__mnist_complete train -l threads -x -d "threads: one a processor, up to 8, unless given; all give the same result"
__mnist_complete train -l simd -x -a 'auto baseline avx2 avx512 reference' -d "instruction set; each gives the same result"
__mnist_complete train -l json -d "JSON Lines on stdout, and nothing else there"
__mnist_complete train -l quiet -s q -d "warnings and errors alone on stderr"
__mnist_complete train -l color -x -a 'auto always never' -d "colours"
__mnist_complete train -l help -s h -d "print help and exit"
__mnist_complete train -l version -s V -d "print the version and exit"
# end
# made by mnist-eval --help=fish
__mnist_complete eval -l split -x -a 'test train' -d "images to evaluate on"
__mnist_complete eval -l misclassified -x -d "show the N most confident mistakes"
__mnist_complete eval -l shift -x -d "first move the images this many pixels to the right and down"
__mnist_complete eval -l rotate -x -d "first turn the images counterclockwise"
__mnist_complete eval -l style -x -a 'auto ascii blocks' -d "how pictures are drawn"
__mnist_complete eval -l data -x -a '(__fish_complete_directories)' -d "folder with the four MNIST files"
__mnist_complete eval -l report -r -F -d "write a report with pictures, one HTML file"
__mnist_complete eval -l threads -x -d "threads: one a processor, up to 8, unless given; all give the same result"
__mnist_complete eval -l simd -x -a 'auto baseline avx2 avx512 reference' -d "instruction set; each gives the same result"
__mnist_complete eval -l json -d "JSON Lines on stdout, and nothing else there"
__mnist_complete eval -l quiet -s q -d "warnings and errors alone on stderr"
__mnist_complete eval -l color -x -a 'auto always never' -d "colours"
__mnist_complete eval -l help -s h -d "print help and exit"
__mnist_complete eval -l version -s V -d "print the version and exit"
# end
# made by mnist-show --help=fish
__mnist_complete show -f
__mnist_complete show -l split -x -a 'train test' -d "where the samples are from"
__mnist_complete show -l start -x -d "index of the first sample or unit"
__mnist_complete show -l digit -x -d "only this digit"
__mnist_complete show -l random -d "draw the samples at random, from --start on"
__mnist_complete show -l seed -x -d "which random samples, and which augmentations"
__mnist_complete show -l style -x -a 'auto ascii blocks' -d "how pictures are drawn"
__mnist_complete show -l augment -d "augment each image, afresh each time"
__mnist_complete show -l rotate -x -d "turn by up to this many degrees"
__mnist_complete show -l scale -x -d "stretch each axis by up to this share"
__mnist_complete show -l shear -x -d "slant by up to this many pixels a pixel"
__mnist_complete show -l shift -x -d "move along each axis by up to this many pixels"
__mnist_complete show -l elastic -x -d "bend, by this many pixels of standard deviation"
__mnist_complete show -l data -x -a '(__fish_complete_directories)' -d "folder with the four MNIST files"
__mnist_complete show -l model -r -F -d "add what this model says"
__mnist_complete show -l weights -r -F -d "show COUNT units [128] of this model's first layer instead"
__mnist_complete show -l threads -x -d "threads: one a processor, up to 8, unless given; all give the same result"
__mnist_complete show -l simd -x -a 'auto baseline avx2 avx512 reference' -d "instruction set; each gives the same result"
__mnist_complete show -l json -d "JSON Lines on stdout, and nothing else there"
__mnist_complete show -l quiet -s q -d "warnings and errors alone on stderr"
__mnist_complete show -l color -x -a 'auto always never' -d "colours"
__mnist_complete show -l help -s h -d "print help and exit"
__mnist_complete show -l version -s V -d "print the version and exit"
# end
# made by mnist-predict --help=fish
__mnist_complete predict -l show -d "show each picture as the network sees it"
__mnist_complete predict -l style -x -a 'auto ascii blocks' -d "how pictures are drawn"
__mnist_complete predict -l threads -x -d "threads: one a processor, up to 8, unless given; all give the same result"
__mnist_complete predict -l simd -x -a 'auto baseline avx2 avx512 reference' -d "instruction set; each gives the same result"
__mnist_complete predict -l json -d "JSON Lines on stdout, and nothing else there"
__mnist_complete predict -l quiet -s q -d "warnings and errors alone on stderr"
__mnist_complete predict -l color -x -a 'auto always never' -d "colours"
__mnist_complete predict -l help -s h -d "print help and exit"
__mnist_complete predict -l version -s V -d "print the version and exit"
# end
