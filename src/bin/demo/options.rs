//! The options of a demo, each with how it is read: `listen: String = args.value_or("--listen", …)`.

/// Makes the options, and `read`, which takes them out of the arguments in the order of the list.
macro_rules! options {
    (|$args:ident| $($(#[$about:meta])* $name:ident: $Type:ty = $read:expr;)+) => {
        pub(crate) struct Options {
            $($(#[$about])* pub(crate) $name: $Type,)+
        }

        impl Options {
            pub(crate) fn read($args: &mut $crate::demo::Args<'_>) -> Result<Options, String> {
                Ok(Options { $($name: $read,)+ })
            }
        }
    };
}

pub(crate) use options;
